# The README's commands. `make build` leaves build/release/kith.
.PHONY: configure build build-all demo test test-quick test-asan test-tsan test-long fuzz bench format lint deps clean
SHELL := /bin/bash
JOBS ?= $(shell nproc)
CTEST := ctest --output-on-failure --no-tests=error

deps:
	@tools/install_deps

configure: deps
	@mkdir -p build && cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: configure
	@cmake --build --preset release -j $(JOBS) --target kith

build-all: configure
	@cmake --build --preset release -j $(JOBS)

demo: build
	@tools/demo

test: build-all
	@KITH_TEST_MODEL="$$(tools/test_model)" $(CTEST) --test-dir build/release -LE long -j $(JOBS)

test-quick: build-all
	@KITH_TEST_MODEL="$$(tools/test_model)" $(CTEST) --test-dir build/release -L quick -j $(JOBS)

test-asan: deps
	@cmake --preset asan >/dev/null && cmake --build --preset asan -j $(JOBS)
	@KITH_TEST_MODEL="$$(tools/test_model)" $(CTEST) --test-dir build/asan -L quick -j $(JOBS)

test-tsan: deps
	@cmake --preset tsan >/dev/null && cmake --build --preset tsan -j $(JOBS)
	@TSAN_OPTIONS="suppressions=$(CURDIR)/tools/tsan.supp halt_on_error=1 second_deadlock_stack=1 ignore_noninstrumented_modules=1" \
	  KITH_TEST_MODEL="$$(tools/test_model)" $(CTEST) --test-dir build/tsan -L quick -j $(JOBS)

test-long: test test-tsan fuzz
	@$(CTEST) --test-dir build/release -L long

fuzz:
	@tools/install_deps lint
	@tools/fuzz $(FUZZ_SECONDS)

bench: build-all
	@tools/bench

format:
	@tools/install_deps lint
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 -i

lint: build-all
	@tools/install_deps lint
	@tools/check_layers
	@git ls-files '*.h' '*.cpp' | xargs clang-format-19 --dry-run --Werror
	@git ls-files 'src/*.cpp' 'apps/*.cpp' | grep -v _fuzz.cpp | xargs -P $(JOBS) -n 4 clang-tidy-19 -p build/release --quiet

clean:
	@rm -rf build
