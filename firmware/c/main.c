/*
 * Text to intent on a Cortex-M4 without a line of Rust: arm-none-eabi-gcc, the static library and the header.
 * Prints the same lines as the Rust programs.
 */
#include <albert.h>

#include <string.h>

/* The model, placed in flash by the assembler. */
__asm__(".section .rodata.model, \"a\"\n"
        ".balign 64\n"
        ".global model_file\n"
        "model_file: .incbin \"" MODEL_FILE "\"\n"
        ".global model_file_end\n"
        "model_file_end:\n"
        ".section .note.GNU-stack, \"\", %progbits\n"
        ".previous\n");
extern const uint8_t model_file[], model_file_end[];

/* All memory is static. The arena's size is what albert_arena_bytes says for this model and plan. */
static uint8_t arena[84736] __attribute__((aligned(ALBERT_ARENA_ALIGN)));
static uint8_t model_memory[ALBERT_MODEL_BYTES] __attribute__((aligned(ALBERT_HANDLE_ALIGN)));
static uint8_t session_memory[ALBERT_SESSION_BYTES] __attribute__((aligned(ALBERT_HANDLE_ALIGN)));

/* Semihosting: the debugger or emulator does it. */
static int host(int operation, const void *argument) {
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void print(const char *text, size_t bytes) {
    char piece[65];
    while (bytes > 0) {
        size_t now = bytes < 64 ? bytes : 64;
        memcpy(piece, text, now);
        piece[now] = 0;
        host(0x04, piece);
        text += now;
        bytes -= now;
    }
}

static void print_hex(uint32_t word) {
    char digits[9] = " ";
    for (int i = 0; i < 8; i++) digits[i + 1] = "0123456789abcdef"[word >> (28 - 4 * i) & 15];
    print(digits, 9);
}

static _Noreturn void stop(int success) {
    host(0x18, (const void *)(uintptr_t)(success ? 0x20026 : 0x20023));
    for (;;) {}
}

static void check(albert_status status) {
    if (status == ALBERT_STATUS_OK) return;
    const char *name = albert_status_name(status);
    print(name, strlen(name));
    print("\n", 1);
    stop(0);
}

static void classify(const albert_model *model, albert_session *session, const char *text) {
    check(albert_session_start_text(session, text, strlen(text), NULL, 0, NULL, NULL));
    while (albert_session_step(session) == ALBERT_STATUS_RUNNING) {
        /* A device would feed its watchdog here. */
    }
    albert_output output;
    albert_candidate best;
    const char *label;
    size_t found, label_bytes;
    check(albert_session_output(session, &output));
    check(albert_top_k(output.logits, output.logits_count, &best, 1, &found));
    check(albert_model_label(model, best.id, &label, &label_bytes));
    print(text, strlen(text));
    print(": ", 2);
    print(label, label_bytes);
    print("\n", 1);
    for (size_t i = 0; i < output.logits_count; i++) {
        uint32_t bits;
        memcpy(&bits, &output.logits[i], sizeof bits);
        print_hex(bits);
        if (i % 8 == 7 || i + 1 == output.logits_count) print("\n", 1);
    }
}

int main(void) {
    const albert_model *model;
    albert_session *session;
    const albert_plan plan = {32, 4, 0, 0};
    size_t arena_bytes, file_bytes = (size_t)(model_file_end - model_file);
    check(albert_model_init(model_memory, sizeof model_memory, model_file, file_bytes, &model, NULL));
    check(albert_arena_bytes(model, &plan, &arena_bytes));
    if (arena_bytes != sizeof arena) stop(0);
    check(albert_session_init(session_memory, sizeof session_memory, model, &plan, arena, sizeof arena, NULL, &session, NULL));
    classify(model, session, "what is my balance");
    classify(model, session, "please set an alarm for seven in the morning");
    stop(1);
}

/* Startup. */
extern uint8_t data_begin[], data_end[], data_load[], bss_begin[], bss_end[], stack_top[];

void reset(void) {
    *(volatile uint32_t *)0xe000ed88 |= 0xf << 20; /* The FPU is on from here. */
    __asm__ volatile("dsb\n isb");
    memcpy(data_begin, data_load, (size_t)(data_end - data_begin));
    memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
    main();
    stop(0);
}

static void fault(void) { stop(0); }

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault,
};
