/* A PLC of one part, on libmodbus: introduces itself, triggers, waits for the result, acknowledges.
 * libmodbus_plc PORT UNIT: prints what it read; ends with 0 when its acknowledgement was taken. */
#include <errno.h>
#include <modbus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CONTROL = 0, HEARTBEAT = 1, PART_ID = 2, TRIGGER_SEQ = 6, ACK_SEQ = 7, HOLDING = 13 };
enum { CANARY = 4, SEQ_HEAD = 8, PART_ECHO = 9, VERDICT = 13, SEQ_TAIL = 23, ACK_ECHO = 24 };
enum { ACK_STATE = 25, PHASE = 28, INPUTS = 46, RUNNING = 3, RESULT_VALID = 3 };

static modbus_t *bridge;
static uint16_t in[INPUTS];

static void need(int done, const char *what)
{
    if (done >= 0) return;
    fprintf(stderr, "%s: %s\n", what, modbus_strerror(errno));
    exit(1);
}

/* Poll every 10 ms, with a heartbeat, until input register `address` is `value`; 5 s at most. */
static void await(int address, uint16_t value)
{
    for (int poll = 0; poll < 500; poll++, usleep(10000)) {
        need(modbus_write_register(bridge, HEARTBEAT, poll + 1), "heartbeat");
        need(modbus_read_input_registers(bridge, 0, INPUTS, in), "poll");
        if (in[address] == value) return;
    }
    fprintf(stderr, "input register %d stays %d\n", address, in[address]);
    exit(1);
}

static void must_be_refused(int done, int as, const char *what)
{
    if (done == -1 && errno == as) return;
    fprintf(stderr, "%s: %s\n", what, done < 0 ? modbus_strerror(errno) : "was taken");
    exit(1);
}

int main(int argc, char **argv)
{
    const uint16_t introduction[HOLDING] = {7, 1, [12] = 4242};
    const uint16_t part[5] = {0x0001, 0x0002, 0, 500, 1}; /* part id, encoder, trigger sequence */
    uint8_t valid = 0;
    if (argc != 3) return 2;
    bridge = modbus_new_tcp("127.0.0.1", atoi(argv[1]));
    modbus_set_response_timeout(bridge, 1, 0);
    need(modbus_connect(bridge), "connect");

    modbus_set_slave(bridge, 99);
    must_be_refused(modbus_read_input_registers(bridge, 0, 1, in), EMBXGTAR, "unit 99");
    modbus_set_slave(bridge, atoi(argv[2]));
    must_be_refused(modbus_write_registers(bridge, 10, 5, part), EMBXILADD, "across the end");

    need(modbus_write_registers(bridge, 0, HOLDING, introduction), "introduction");
    await(PHASE, RUNNING);
    need(modbus_write_registers(bridge, PART_ID, 5, part), "trigger");
    await(SEQ_HEAD, 1);
    need(modbus_read_input_bits(bridge, RESULT_VALID, 1, &valid), "result valid");
    printf("canary=%08x valid=%d seq=%d/%d part=%u verdict=%d\n",
           MODBUS_GET_INT32_FROM_INT16(in, CANARY), valid, in[SEQ_HEAD], in[SEQ_TAIL],
           (unsigned)MODBUS_GET_INT32_FROM_INT16(in, PART_ECHO), in[VERDICT]);
    need(modbus_write_register(bridge, ACK_SEQ, 1), "acknowledgement");
    await(ACK_ECHO, 1);
    printf("ack_echo=%d ack_state=%d\n", in[ACK_ECHO], in[ACK_STATE]);
    modbus_close(bridge);
    modbus_free(bridge);
    return in[ACK_STATE] == 1 ? 0 : 1;
}
