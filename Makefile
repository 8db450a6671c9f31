# Everything that this project does for you, in one word each. `make help` lists them.
SWIFT ?= swift
WEIGHTS ?= yolox-nano
PORT ?= 8080

# One build serves the tests, the server and the benchmarks: release, because the kernels and their tests are slow
# without optimisation.
BUILD := $(SWIFT) build -c release
YOLOX := .build/release/yolox

.PHONY: help
help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: bootstrap
bootstrap: ## Install the C libraries and whatever else is missing
	@scripts/bootstrap.sh

.PHONY: build
build: bootstrap ## Build the yolox command
	$(BUILD) --product yolox

.PHONY: weights
weights: build ## Bring the weights named by WEIGHTS (yolox-nano)
	$(YOLOX) weights fetch $(WEIGHTS)

.PHONY: serve
serve: weights ## Start the server on port PORT (8080)
	$(YOLOX) serve --weights $(WEIGHTS) --port $(PORT)

.PHONY: test
test: bootstrap ## Build everything and run the tests
	$(BUILD) --build-tests
	@scripts/run-tests.sh $(SWIFT) test -c release --skip-build --disable-xctest

.PHONY: lint
lint: ## Check the formatting
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

.PHONY: format
format: ## Format the sources
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

.PHONY: docs
docs: build ## Write docs/configuration.md from the options
	$(YOLOX) configuration-reference > docs/configuration.md

# A clone of the authors' code: training is compared with it, and `make bench BENCH=--all` exports networks from it.
YOLOX_REPOSITORY ?= ../YOLOX

.PHONY: bench
bench: build ## Compare with ONNX Runtime and OpenVINO on this machine; BENCH=--all, --avx2 (makes .venv-bench)
	@YOLOX_REPOSITORY="$(YOLOX_REPOSITORY)" Benchmarks/run.sh $(BENCH)

.PHONY: bench-service
bench-service: build ## Compare the service with FastAPI and LitServe under load
	@Benchmarks/service.sh

.PHONY: check-clients
check-clients: weights ## Call the service with curl, Python, a browser and schemathesis (makes .venv-clients)
	@Tests/Clients/check.sh

.PHONY: screenshot
screenshot: ## Draw docs/images anew, from the page of the service at SERVICE (after check-clients; needs chromium)
	.venv-clients/bin/python Tests/Clients/screenshot.py $(SERVICE)

SERVICE ?= http://localhost:$(PORT)
.PHONY: client-python
client-python: ## Generate a Python client from the description of the service at SERVICE
	@examples/python/generate.sh $(SERVICE) examples/python/client

SOAK ?= 30
.PHONY: soak
soak: weights ## Stop the service under load 20 times, then load it with everything for SOAK (30) minutes
	python3 Tests/Load/stops.py
	python3 Tests/Load/soak.py $(SOAK)

.PHONY: crowd
crowd: weights ## Load the service beside 500 idle and 50 slow connections, and compare with the pipeline in one process
	python3 Tests/Load/crowd.py

.PHONY: bench-train
bench-train: bootstrap ## Time training beside the authors' code in YOLOX_REPOSITORY (makes .venv-bench-train)
	$(BUILD) --product yolox-train
	@Benchmarks/training.sh $(YOLOX_REPOSITORY)

.PHONY: demo-weights
demo-weights: build ## Train the demo network from nothing, on drawn scenes (about half an hour on two idle cores)
	$(BUILD) --product yolox-train
	scripts/demo-weights.sh .build/release

.PHONY: sanitize
sanitize: bootstrap ## Run the tests under the address and the thread sanitizer
	@export LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/leaks.supp TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/races.supp; \
	for sanitizer in address thread; do \
	  options="-c release --scratch-path .build-$$sanitizer --sanitize=$$sanitizer"; \
	  nice $(SWIFT) build --build-tests $$options && \
	  nice scripts/run-tests.sh $(SWIFT) test --skip-build --disable-xctest $$options || exit; \
	done

WEIGHTS_NANO ?= $(firstword $(wildcard weights/yolox_nano.pth ../shared/weights/yolox_nano.pth))
.PHONY: check-training
check-training: bootstrap ## Interrupt, kill and damage training runs; with mpirun and WEIGHTS_NANO, compare two processes with one
	$(BUILD) --product yolox-train
	python3 Tests/Training/faults.py
	Benchmarks/training-roadmap/try.sh
	@if command -v mpirun >/dev/null && [ -n "$(WEIGHTS_NANO)" ]; then \
	  YOLOX_MPI=1 $(BUILD) --scratch-path .build-mpi --product yolox-train && \
	  python3 Benchmarks/training_mpi.py .build-mpi/release/yolox-train $(WEIGHTS_NANO); \
	else echo "two processes were not compared: needs mpirun (libopenmpi-dev) and yolox_nano.pth"; fi

MINUTES ?= 10
.PHONY: fuzz
fuzz: ## Fuzz the HTTP parsers for MINUTES (10)
	@Fuzz/run.sh $(MINUTES)

.PHONY: check-deploy
check-deploy: build ## Check the Dockerfile and everything in deploy/
	@deploy/check.sh $(YOLOX)

.PHONY: image
image: ## Build the container image with WEIGHTS in it, by docker or buildah
	@WEIGHTS=$(WEIGHTS) scripts/deploy-image.sh

.PHONY: release
release: ## Build the tarball and the Debian package into dist/
	@scripts/deploy-release.sh

.PHONY: clean
clean: ## Remove what was built
	rm -rf .build .build-* .venv-* dist
