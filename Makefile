# mailbridge: `make` builds build/mailbridge; `make help` lists the rest.

CC ?= gcc
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
STEPS ?= 500000
PYTHON = .cache/venv/bin/python
JOBS = --no-print-directory -j$(shell nproc)

PKGS = libuv libcurl libssl libcrypto rdkafka hiredis jansson glib-2.0 \
       sqlite3 yaml-0.1 libmicrohttpd
# hiredis speaks TLS from 1.0 on.
HIREDIS_SSL := $(shell pkg-config --exists hiredis_ssl 2>/dev/null && echo hiredis_ssl)
PKGS += $(HIREDIS_SSL)
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
       -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wformat=2 \
       -Wundef -Wvla -Werror
OPT ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SAN ?=

PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null | sed 's/-I/-isystem /g')
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
# Quoted includes only: <limits.h> must stay the one of the C library.
CPPFLAGS += -D_GNU_SOURCE -iquote . $(if $(HIREDIS_SSL),-DHAVE_HIREDIS_SSL)
ALL_CFLAGS = -std=c11 $(WARN) $(OPT) $(HARDEN) $(SAN) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SAN) $(LDFLAGS)
# V=1 shows the commands.
Q = $(if $(V),,@echo "  $(if $(filter %.o,$@),CC,LD) $@";)
# Hidden: libraries have names like buf_init too, and would call ours.
COMPILE = $(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fvisibility=hidden -MMD -MP

# The variants of the build, each in a folder of its own.
ASAN = $(MAKE) $(JOBS) BUILD=build/asan OPT='-O1 -g' \
       HARDEN='-fPIE -fno-omit-frame-pointer' \
       SAN='-fsanitize=address,undefined -fno-sanitize-recover=all'
CLANG = $(MAKE) $(JOBS) BUILD=build/clang CC=clang
FUZZ = $(MAKE) $(JOBS) BUILD=build/fuzz CC=clang HARDEN=-fPIE \
       SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all'

SRCS := $(sort $(wildcard bridge/*.c bridge/*/*.c sinks/*.c \
                    sinks/*/*.c))
OBJS := $(SRCS:%.c=$(BUILD)/obj/%.o)
LIB_OBJS := $(filter-out $(BUILD)/obj/bridge/main.o,$(OBJS))
LIB := $(BUILD)/libmailbridge.a

# tests/unit/test_X.c is a program; the other files there help all of them.
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(BUILD)/unit/%)
UNIT_HELP := $(patsubst %.c,$(BUILD)/obj/%.o,\
             $(filter-out $(UNIT_SRCS),$(wildcard tests/unit/*.c)))
SIM_OBJS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/sim/*.c))
BENCH_BINS := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,\
              $(wildcard tests/bench/*.c))
FUZZ_HELP := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/help/*.c))
FUZZ_BINS := $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/*.c))

## Build

all: $(BUILD)/mailbridge ## build build/mailbridge

deps: ## install what the build needs (Debian, Ubuntu)
	@deploy/deps.sh install build

check-deps:
	@deploy/deps.sh check build

$(BUILD)/mailbridge: $(OBJS)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/obj/%.o: %.c | check-deps
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# The schemas are assembled into the program.
$(BUILD)/obj/bridge/cli/schema.o: bridge/envelope/schema.json \
    bridge/envelope/asyncapi.json

# Not to be thrown away when a first build of the tests has used them.
.SECONDARY: $(UNIT_HELP)

$(LIB): $(LIB_OBJS)
	@rm -f $@
	@$(AR) qcs $@ $^

$(BUILD)/unit/%: tests/unit/%.c $(UNIT_HELP) $(LIB)
	@mkdir -p $(@D)
	$(COMPILE) $(ALL_LDFLAGS) \
	    -Wl,--wrap=event_new,--wrap=notice_refused,--wrap=notice_reset -o $@ $< \
	    $(UNIT_HELP) $(LIB) $(PKG_LIBS) -lcmocka

# Preloaded by tests into the program; no sanitizer, which must come first.
build/faults.so: $(wildcard tests/faults/*.c tests/faults/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=c11 $(WARN) -O1 -g -fPIC -shared -o $@ \
	    $(filter %.c,$^) -ldl

# Its own loop, store and clock come before those of the libraries.
$(BUILD)/sim: $(SIM_OBJS) $(LIB)
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=time -o $@ $^ $(PKG_LIBS)

# GMime is what the conversion is compared with.
$(BUILD)/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(COMPILE) $(ALL_LDFLAGS) $$(pkg-config --cflags gmime-3.0) -o $@ $< \
	    $(LIB) $(PKG_LIBS) $$(pkg-config --libs gmime-3.0)

build/fuzz/%: tests/fuzz/%.c $(FUZZ_HELP) $(LIB)
	$(COMPILE) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $< $(FUZZ_HELP) \
	    $(LIB) $(PKG_LIBS)

clang: ## build with clang into build/clang
	@$(CLANG) build/clang/mailbridge

asan: ## build with ASan and UBSan into build/asan
	@$(ASAN) build/asan/mailbridge

## Try

demo: ## a mailbox of your own, bridged to files, in a minute
	@deploy/deps.sh install demo
	@$(MAKE) $(JOBS) all
	@python3 deploy/demo/demo.py

## Test

test-deps: ## install what the tests need, real servers included
	@deploy/deps.sh install test
	@tests/tools/fetch.sh

test: deps test-deps ## everything: lint, unit and end-to-end tests
	@$(PYTHON) tests/tools/run_tests.py lint clang unit sim e2e

test-long: deps test-deps ## the same with the long crash and load tests
	@$(PYTHON) tests/tools/run_tests.py lint analyze clang unit-long sim-long \
	    e2e-long differential

unit: ## unit tests under ASan and UBSan
	@$(ASAN) run-unit

run-unit: $(UNIT_BINS) $(BUILD)/mailbridge
	@RUNNER='$(RUNNER)' tests/tools/unit.sh $(BUILD) $(UNIT_BINS)
	@$(PYTHON) tests/tools/check_events.py $(BUILD)/mailbridge \
	    $(BUILD)/unit/events

sim: ## the core against a simulated world: STEPS=500000, or SEED=N again
	@$(ASAN) build/asan/sim
	@build/asan/sim $(if $(SEED),--seed $(SEED),--steps $(STEPS))

e2e: asan ## end-to-end tests; T=tests/e2e/test_redis.py picks some
	$(PYTHON) -m pytest $(or $(T),tests/e2e)

nemesis: asan ## mail while all is killed and cut off; NEMESIS_SECONDS=600, SEED=N again
	MAILBRIDGE_SEED=$(SEED) $(PYTHON) -m pytest tests/e2e/test_nemesis.py -s

differential: all ## convert beside other parsers; MAILBRIDGE_MAILS=FOLDER adds mails
	@$(PYTHON) tests/differential/differential.py

lint: ## format, clang-tidy, cppcheck, banned words, sizes, include rule
	@tests/tools/lint.sh

analyze: ## the slow checks of clang's analyzer
	@tests/tools/lint.sh analyze

valgrind: ## unit tests under valgrind
	@$(MAKE) $(JOBS) BUILD=build/valgrind HARDEN=-fPIE run-unit \
	    RUNNER='valgrind -q --leak-check=full --error-exitcode=99 \
	    --child-silent-after-fork=yes \
	    --suppressions=tests/tools/valgrind.supp'

fuzz: ## each fuzz target for FUZZ_SECONDS=60; FUZZ_TARGET=fuzz_envelope picks one
	@$(FUZZ) run-fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_TARGET=$(FUZZ_TARGET)

run-fuzz: $(FUZZ_BINS)
	@tests/tools/fuzz.sh $(FUZZ_SECONDS) $(or $(FUZZ_TARGET:%=build/fuzz/%),$(FUZZ_BINS))

bench: ## throughput and memory beside others: build/bench.txt
	@deploy/deps.sh install bench
	@tests/tools/fetch.sh
	@$(MAKE) $(JOBS) all $(BENCH_BINS)
	@$(PYTHON) tests/bench/bench.py

## Install

install: all ## into PREFIX=/usr/local, below DESTDIR
	@deploy/install.sh $(BUILD)/mailbridge "$(DESTDIR)" "$(PREFIX)"

clean: ## remove build/ (.cache/ keeps what was downloaded)
	rm -rf build

help: ## this list
	@sed -n -e 's/^## \(.*\)/\n\1/p' \
	    -e 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

.PHONY: all deps check-deps clang asan demo test-deps test test-long unit \
        run-unit sim e2e nemesis differential lint analyze valgrind fuzz run-fuzz \
        bench install clean help
.DELETE_ON_ERROR:
-include $(OBJS:.o=.d) $(SIM_OBJS:.o=.d) $(UNIT_BINS:=.d) $(UNIT_HELP:.o=.d) \
         $(BENCH_BINS:=.d)
