/* Calls the function of ../../examples/readme.c on the model file that is named on the command line. */
#include "../../examples/readme.c"

#include <stdlib.h>

static _Alignas(ALBERT_ARENA_ALIGN) uint8_t file[8 << 20];

int main(int argc, char **argv) {
    FILE *stream = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (stream == NULL) return 2;
    size_t bytes = fread(file, 1, sizeof file, stream);
    fclose(stream);
    return classify(file, bytes, "how much money is in my account");
}
