# Every target stands in `make help` with one line.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

ENVOY_VERSIONS := 1.40.0 1.36.2 $(if $(ALL),1.39.3 1.37.0)
# Packages that are the same code natively and in the module: tested on both.
PURE := ./filter/json ./filter/param ./filter/media ./filter/decimal ./filter/pattern ./filter/format ./filter/schema ./filter/credential ./filter/limit ./filter/route ./filter/cel
WAZERO := .tools/wazero

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

.PHONY: demo
demo: build ## the shop behind the filter: a tour of accepted and refused requests, then serves until Ctrl-C
	go run ./runtime-test demo

.PHONY: test
test: build $(WAZERO) envoy-install services-install login-install ## every test: host, Wasm, embedded proxies and real Envoy
	PORTCULLIS_ENVOY=required go run ./.ci/test -timeout 30m ./...
	GOOS=wasip1 GOARCH=wasm go test -exec "$(CURDIR)/$(WAZERO) run -env-inherit -mount=/:/" $(PURE)
	go run ./runtime-test run -engine native,wazero,proxytest,envoy examples/*/cases/*.yaml

.PHONY: check
check: ## gofmt, vet, import policy, goldens, budgets, and four minutes of fuzzing (FUZZTIME=seconds)
	.ci/gofmt
	.ci/links
	go vet ./...
	GOOS=wasip1 GOARCH=wasm go vet ./filter/...
	go mod verify
	git diff --exit-code --stat -- '*.txt' '*.s' '*.bin'
	.ci/fuzz

.PHONY: build
build: ## build/filter.wasm and build/filter-lean.wasm
	./build.sh
	./build.sh lean

.PHONY: bench
bench: build envoy-install ## the figures of README (BENCH="-quick -only v8" for a part of them)
	cd runtime-test/bench && go run . $(BENCH)

.PHONY: envoy
envoy: build envoy-install services-install ## the cases and the host tests on real Envoy (ALL=1: every version)
	PORTCULLIS_ENVOY=required PORTCULLIS_LONG=1 PORTCULLIS_ENVOY_ALL=$(ALL) go run ./.ci/test -count=1 -timeout 30m -run Envoy ./runtime-test/...
	go run ./runtime-test run -engine envoy examples/*/cases/*.yaml

.PHONY: envoy-install
envoy-install:
	@[ -n "$${ENVOY:-}" ] || runtime-test/envoy/install.sh $(ENVOY_VERSIONS)

.PHONY: services-install
services-install:
	@runtime-test/envoy/services.sh

.PHONY: login-install
login-install:
	@examples/login/install.sh

$(WAZERO): go.mod
	@mkdir -p .tools
	go build -o $@ github.com/tetratelabs/wazero/cmd/wazero
	@touch $@

.PHONY: clean
clean: ## removes what was built, and keeps the tools
	rm -rf build
