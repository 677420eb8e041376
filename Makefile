# The database drivers and the binary need no C; only the race detector does, and `make test` turns it on for itself.
export CGO_ENABLED = 0

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GOLANGCI := go tool -modfile=.ci/lint/go.mod golangci-lint

# How long each fuzz target may run.
FUZZTIME ?= 30s
# How many seeds the simulation plays in the soak, and from which on. Two cores play about 15 a second; a seed that fails is
# named and plays again with -simtest.seed.
SEEDS ?= 200000
FIRST ?= $(shell date +%s)
# The SQLite library is C made Go: under the detector it takes several times as long, and what it would find is not ours.
RACE := -gcflags='modernc.org/...=-race=false'
# Benchmarks whose name matches.
BENCH ?= .

.PHONY: help
help: ## lists these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## builds the static binary bin/cascade
	go build -trimpath -o bin/cascade ./cmd/cascade

.PHONY: demo
demo: build ## runs the service with a demo tenant, a provider simulator and some traffic
	bin/cascade demo

.PHONY: test
test: ## runs every test with the race detector, on SQLite and on a private PostgreSQL; 2,000 seeds of the simulation without it
	.ci/tools
	CGO_ENABLED=1 .ci/with-postgres --no-fsync go test -race $(RACE) -timeout 15m ./...
	go test ./orchestrator/simtest -count=1 -timeout 15m -run TestSimulation -simtest.seeds 2000 -simtest.strict
	go test -tags mutants -count=1 -run TestMutantsFit ./orchestrator/mutanttest

.PHONY: check
check: lint ## before a commit: format, vet, lint and the fast tests
	go test -short ./...

.PHONY: lint
lint: ## looks for what should not be: vet, linters, formatting, import directions
	go vet ./...
	$(GOLANGCI) run

.PHONY: fmt
fmt: ## formats the Go files
	$(GOLANGCI) fmt

.PHONY: generate
generate: ## renews generated files; they are committed
	go generate ./...

# Where minimizing runs into the end of the time, go test calls that a failure: few tries of it are enough here.
.PHONY: fuzz
fuzz: ## fuzzes each target for FUZZTIME (30s)
	@failed=0; for found in $$(grep -rnoE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/:[0-9]*:func /:/'); do \
		dir=$$(dirname "$${found%:*}"); func=$${found##*:}; echo "== $$func in $$dir"; \
		go test -run '^$$' -fuzz "^$$func\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x "$$dir" || failed=1; \
	done; exit $$failed

.PHONY: bench
bench: ## runs the benchmarks whose name matches BENCH (.)
	.ci/with-postgres go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: soak
soak: ## plays SEEDS (200000) seeds of the simulation, each rare state must be reached; 10,000 sequences against the model; the long tests in full
	go test ./orchestrator/simtest -count=1 -timeout 0 -run TestSimulation -v -simtest.seeds $(SEEDS) -simtest.first $(FIRST) -simtest.strict
	go test ./orchestrator/modeltest -count=1 -timeout 0 -rapid.checks 10000
	.ci/with-postgres go test ./orchestrator/longtest -count=1 -timeout 0 -v -parallel 1 -longtest.full
	.ci/with-postgres go test ./orchestrator -count=1 -timeout 0 -v -run TestReceiptAgainstTimer -pairs 50000

.PHONY: mutants
mutants: ## puts a hundred bugs into the code, one after the other: a test must catch each
	go test -tags mutants -count=1 -timeout 0 -v ./orchestrator/mutanttest

.PHONY: clean
clean: ## removes what was built
	rm -rf bin

.PHONY: chaos
chaos: ## stops the database, promotes its standby, cuts its connections, fills its disk, freezes processes: minutes, as root
	.ci/tools chaos
	go test -tags chaos -count=1 -timeout 15m -v ./orchestrator/chaostest
