# mailbridge: `make` builds build/mailbridge; `make help` lists the rest.

CC ?= gcc
PKGS = libuv libcurl libssl libcrypto rdkafka hiredis jansson gmime-3.0 \
       sqlite3 yaml-0.1
BUILD ?= build
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
       -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wformat=2 \
       -Wundef -Wvla -Werror
OPT ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SAN ?=

PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
CPPFLAGS += -D_GNU_SOURCE -Ibridge -I.
ALL_CFLAGS = -std=c11 $(WARN) $(OPT) $(HARDEN) $(SAN) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN) $(LDFLAGS)

SRCS := $(sort $(wildcard bridge/*.c bridge/*/*.c sinks/*.c))
OBJS := $(SRCS:%.c=$(BUILD)/obj/%.o)
LIB_OBJS := $(filter-out $(BUILD)/obj/bridge/main.o,$(OBJS))
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(BUILD)/unit/%)

all: $(BUILD)/mailbridge

$(BUILD)/mailbridge: $(OBJS)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libmailbridge.a: $(LIB_OBJS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libmailbridge.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP $(ALL_LDFLAGS) -o $@ $< \
	    $(BUILD)/libmailbridge.a $(PKG_LIBS) -lcmocka

unit: $(UNIT_BINS)
	@for t in $(UNIT_BINS); do echo "== $$t"; $$t || exit 1; done

# The schema is assembled into the program.
$(BUILD)/obj/bridge/cli/schema.o: bridge/envelope/event.schema.json

# Fuzzers, each of one file tests/fuzz/fuzz_*.c:
# make CC=clang BUILD=build/fuzz OPT="-O1 -g" HARDEN= \
#     SAN=-fsanitize=address,undefined,fuzzer-no-link build/fuzz/fuzz/fuzz_X
$(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/libmailbridge.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fsanitize=fuzzer $(ALL_LDFLAGS) \
	    -o $@ $< $(BUILD)/libmailbridge.a $(PKG_LIBS)

$(BUILD)/bench/%: tests/bench/%.c $(BUILD)/libmailbridge.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< \
	    $(BUILD)/libmailbridge.a $(PKG_LIBS)

clean:
	rm -rf $(BUILD)

.PHONY: all unit clean
-include $(OBJS:.o=.d) $(UNIT_BINS:=.d)
