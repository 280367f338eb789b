/* Calls a fully connected kernel of CMSIS-NN on an emulated board, so many times over, and compares its results with those of a plain
   loop: `KERNEL-AND-ROWS TIMES`, rows by 312 places by 64 channels; 100 more than the rows is the kernel of many rows. */

#include "arm_nnfunctions.h"
#include "arm_nnsupportfunctions.h"

#define PLACES 312
#define CHANNELS 64
#define MOST_ROWS 12

static int8_t input[MOST_ROWS * PLACES], kernel[CHANNELS * PLACES], output[MOST_ROWS * CHANNELS];
static int32_t bias[CHANNELS], multipliers[CHANNELS], shifts[CHANNELS];

static int host(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static _Noreturn void stop(int success) {
    host(0x18, (const void *)(uintptr_t)(success ? 0x20026 : 0x20023));
    for (;;) {}
}

static int multiply(int many, int rows) {
    if (many) {
        return arm_nn_mat_mult_nt_t_s8(input, kernel, bias, output, multipliers, shifts, rows, CHANNELS, PLACES, 0, 0, -128, 127,
                                       CHANNELS, PLACES) == ARM_CMSIS_NN_SUCCESS;
    }
    /* Where the kernel takes sums of the weights times the input's offset, with the bias: the offset is 0. */
    cmsis_nn_context context = {bias, sizeof bias};
    cmsis_nn_fc_params parameters = {0, 0, 0, {-128, 127}};
    cmsis_nn_per_tensor_quant_params quantization = {multipliers[0], shifts[0]};
    cmsis_nn_dims in = {rows, 1, 1, PLACES}, filter = {PLACES, 1, 1, CHANNELS}, biases = {1, 1, 1, CHANNELS}, out = {rows, 1, 1, CHANNELS};
    return arm_fully_connected_s8(&context, &parameters, &quantization, &in, input, &filter, kernel, &biases, bias, &out, output) ==
           ARM_CMSIS_NN_SUCCESS;
}

static int is_right(int rows) {
    for (int row = 0; row < rows; row++) {
        for (int channel = 0; channel < CHANNELS; channel++) {
            int32_t sum = bias[channel];
            for (int place = 0; place < PLACES; place++) sum += input[row * PLACES + place] * kernel[channel * PLACES + place];
            sum = arm_nn_requantize(sum, multipliers[channel], shifts[channel]);
            sum = sum < -128 ? -128 : sum > 127 ? 127 : sum;
            if (output[row * CHANNELS + channel] != sum) return 0;
        }
    }
    return 1;
}

static void run(void) {
    char words[512] = {0};
    const uintptr_t block[2] = {(uintptr_t)words, sizeof words};
    host(0x15, block);
    int last = 0, times = 0;
    for (const volatile char *at = words; *at; at++) {
        if (*at == ' ') last = times, times = 0;
        if (*at >= '0' && *at <= '9') times = times * 10 + *at - '0';
    }
    int many = last > 100, rows = many ? last - 100 : last;
    uint32_t random = 7;
    for (int i = 0; i < MOST_ROWS * PLACES; i++) input[i] = (int8_t)((random = random * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < CHANNELS * PLACES; i++) kernel[i] = (int8_t)((random = random * 1664525 + 1013904223) >> 24);
    for (int i = 0; i < CHANNELS; i++) bias[i] = 1000 - 40 * i, multipliers[i] = 1518500250, shifts[i] = -11;
    if (rows < 1 || rows > MOST_ROWS) stop(0);
    while (times--) {
        if (!multiply(many, rows)) stop(0);
    }
    stop(is_right(rows));
}

static void reset(void) {
    /* The coprocessors 10 and 11: floats and vectors. */
    *(volatile uint32_t *)0xe000ed88 |= 15 << 20;
    __asm__ volatile("dsb\nisb" ::: "memory");
    run();
}

extern uint32_t stack_top[];
__attribute__((section(".vectors"), used)) static const void *const vectors[2] = {stack_top, (const void *)reset};
