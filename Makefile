# The front door. Meson does the work; `make help` lists what there is.
.PHONY: all check check-one san fuzz lint bench run help

all:            ## build/perennial
	script/build

check:          ## every test, as CI runs them
	script/test

check-one:      ## the tests whose path contains T:  make check-one T=expr
	script/test $(T)

san:            ## build-san/perennial, with the address and undefined-behaviour sanitizers
	@[ -f build-san/build.ninja ] || meson setup build-san --buildtype=debugoptimized -Db_sanitize=address,undefined -Dslow_checks=true
	ninja -C build-san

fuzz:           ## the fuzz targets in build-fuzz/tests/fuzz, for libFuzzer
	@[ -f build-fuzz/build.ninja ] || CC=clang CXX=clang++ meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-fuzz

lint:           ## clang-tidy and cppcheck
	script/lint

bench:          ## every benchmark; one with  script/bench NAME
	script/bench

run: all        ## the demo, serving
	script/demo

help:           ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## */\t/' | expand -t 16
