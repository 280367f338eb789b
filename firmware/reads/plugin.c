/* A plugin of QEMU: counts the bytes that a program loads from ranges of addresses.
 *
 * Arguments: out=FILE, then up to MOST times range=FIRST-END (hexadecimal). When QEMU ends, FILE has a decimal number a line, for
 * each range. What is declared here of QEMU's interface is version 1 of it, so that no header is needed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MOST 64
#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { WITHOUT_REGISTERS = 0, READS_AND_WRITES = 3 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*done)(uint64_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_atexit_cb(uint64_t id, void (*done)(uint64_t, void *), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, void (*)(unsigned, uint32_t, uint64_t, void *), int registers,
                                             int kind, void *data);
extern unsigned qemu_plugin_mem_size_shift(uint32_t);
extern bool qemu_plugin_mem_is_store(uint32_t);

EXPORT int qemu_plugin_version = 1;

static char file[4096];
static unsigned count;
static struct {
    uint64_t first, end, bytes;
} ranges[MOST];

static void accessed(unsigned cpu, uint32_t access, uint64_t address, void *data) {
    (void)cpu, (void)data;
    /* Version 7.2 takes reads for writes when it is asked for one of them. */
    if (qemu_plugin_mem_is_store(access)) {
        return;
    }
    for (unsigned range = 0; range < count; range++) {
        if (address >= ranges[range].first && address < ranges[range].end) {
            ranges[range].bytes += 1u << qemu_plugin_mem_size_shift(access);
        }
    }
}

static void translated(uint64_t id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(block); index++) {
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, index), accessed, WITHOUT_REGISTERS, READS_AND_WRITES,
                                         NULL);
    }
}

static void ended(uint64_t id, void *data) {
    (void)id, (void)data;
    FILE *out = fopen(file, "w");
    if (out) {
        for (unsigned range = 0; range < count; range++) {
            fprintf(out, "%llu\n", (unsigned long long)ranges[range].bytes);
        }
        fclose(out);
    }
}

EXPORT int qemu_plugin_install(uint64_t id, const void *machine, int arguments, char **values) {
    (void)machine;
    for (int index = 0; index < arguments; index++) {
        unsigned long long first, end;
        if (strncmp(values[index], "out=", 4) == 0 && strlen(values[index]) < sizeof file) {
            strcpy(file, values[index] + 4);
        } else if (sscanf(values[index], "range=%llx-%llx", &first, &end) == 2 && count < MOST) {
            ranges[count].first = first;
            ranges[count++].end = end;
        } else {
            return -1;
        }
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
