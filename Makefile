# `make help` lists the targets.
SWIFT ?= swift
PORT ?= 8080

# Weights asked for by name must be there. Without WEIGHTS, the server falls back to the demo network in its binary.
ifdef WEIGHTS
  fetch_weights = $(YOLOX) weights fetch $(WEIGHTS)
  weights_option = --weights $(WEIGHTS)
else
  # Only a failed download (69) goes on; a damaged file stops.
  fetch_weights = $(YOLOX) weights fetch yolox-nano || [ $$? -eq 69 ]
endif

# Reference data beside the checkout, if it is there: real weights, COCO images.
ifneq ($(wildcard ../shared/weights),)
  export YOLOX_WEIGHTS_DIR ?= ../shared/weights
endif

# Tests, server and benchmarks share one release build, because the kernels are slow without optimisation.
BUILD := $(SWIFT) build -c release
YOLOX := .build/release/yolox

.PHONY: help
help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: bootstrap
bootstrap: ## Install missing dependencies
	@scripts/bootstrap.sh

.PHONY: build
build: bootstrap ## Build the yolox command
	$(BUILD) --product yolox

.PHONY: weights
weights: build ## Download the weights named by WEIGHTS (yolox-nano)
	$(YOLOX) weights fetch $(or $(WEIGHTS),yolox-nano)

.PHONY: serve
serve: build ## Start the server on port PORT (8080), with WEIGHTS (yolox-nano, else the demo network)
	@$(fetch_weights)
	$(YOLOX) serve $(weights_option) --port $(PORT)

.PHONY: test
test: bootstrap ## Build everything and run the tests
	$(BUILD) --build-tests
	@scripts/run-tests.sh $(SWIFT) test -c release --skip-build --disable-xctest

.PHONY: test-data
test-data: ## Download the photographs and weights of some tests into .test-data (needs python3, curl)
	@scripts/test-data.py

.PHONY: lint
lint: ## Check the formatting and the arrows between folders
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests
	python3 scripts/check-rooms.py

.PHONY: format
format: ## Format the sources
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

.PHONY: docs
docs: build ## Write docs/configuration.md from the options, and the documentation of YOLOXClient into .build-docs/YOLOXClient
	$(YOLOX) configuration-reference > docs/configuration.md
	YOLOX_DOCS=1 $(SWIFT) package --scratch-path .build-docs --allow-writing-to-directory .build-docs/YOLOXClient \
	  generate-documentation --target YOLOXClient --warnings-as-errors --transform-for-static-hosting \
	  --output-path .build-docs/YOLOXClient

# A clone of the authors' code, for comparisons of training and for `make bench BENCH=--all`, which exports networks from it.
YOLOX_REPOSITORY ?= ../YOLOX

.PHONY: bench
bench: build ## Compare with ONNX Runtime and OpenVINO; BENCH=--all, --avx2 (creates .venv-bench)
	@YOLOX_REPOSITORY="$(YOLOX_REPOSITORY)" Benchmarks/inference/run.sh $(BENCH)

.PHONY: bench-service
bench-service: build ## Compare the service with FastAPI and LitServe under load
	@Benchmarks/service/run.sh

.PHONY: check-clients
check-clients: weights ## Call the service with curl, Python, a browser and schemathesis (creates .venv-clients)
	@Tests/Integration/Clients/check.sh

.PHONY: check-images
check-images: build ## Decode test images of other projects, or of SETS (folders, repositories), and compare with OpenCV
	@Tests/Integration/Images/check.sh $(SETS)

.PHONY: screenshot
screenshot: ## Draw docs/images with the service at SERVICE (needs chromium; creates .venv-clients)
	@[ -x .venv-clients/bin/python ] || { python3 -m venv .venv-clients && \
	  .venv-clients/bin/pip install --quiet --requirement Tests/Integration/Clients/requirements.txt; }
	@curl --silent --fail --output /dev/null $(SERVICE)/readyz || \
	  { echo "no service answers at $(SERVICE): run 'make serve' in another terminal, or set SERVICE"; exit 1; }
	.venv-clients/bin/python Tests/Integration/Clients/screenshot.py $(SERVICE)

SERVICE ?= http://localhost:$(PORT)
.PHONY: client-python
client-python: build ## Generate a Python client from the service at SERVICE, or from one that is started for it
	@curl --silent --fail --output /dev/null $(SERVICE)/healthz && url=$(SERVICE) || url=; \
	  YOLOX=$(YOLOX) examples/python/generate.sh "$$url" examples/python/client

SOAK ?= 30
.PHONY: soak
soak: weights ## Stop the service under load 20 times, then run mixed load for SOAK (30) minutes
	python3 Tests/Integration/Load/stops.py
	python3 Tests/Integration/Load/soak.py $(SOAK)

.PHONY: crowd
crowd: weights ## Measure the service with 500 idle and 50 slow connections
	python3 Tests/Integration/Load/crowd.py

.PHONY: bench-train
bench-train: bootstrap ## Time training beside the authors' code in YOLOX_REPOSITORY (makes .venv-bench-train)
	$(BUILD) --product yolox-train
	@Benchmarks/training/run.sh $(YOLOX_REPOSITORY)

.PHONY: demo-weights
demo-weights: build ## Train the demo network from nothing, on drawn scenes (about 95 minutes on two idle cores)
	$(BUILD) --product yolox-train
	scripts/demo-weights.sh .build/release

.PHONY: sanitize
sanitize: bootstrap ## Run the tests under the address and the thread sanitizer
	@export LSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/leaks.supp TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Sanitizers/races.supp; \
	for sanitizer in address thread; do \
	  options="-c release --scratch-path .build-$$sanitizer --sanitize=$$sanitizer"; \
	  nice $(SWIFT) build --build-tests $$options && \
	  nice scripts/run-tests.sh $(SWIFT) test --skip-build --disable-xctest $$options || exit; \
	done

WEIGHTS_NANO ?= $(firstword $(wildcard weights/yolox_nano.pth $(YOLOX_WEIGHTS_DIR)/yolox_nano.pth))
.PHONY: check-training
check-training: bootstrap ## Interrupt, kill and damage training runs; with mpirun and WEIGHTS_NANO, compare two processes with one
	$(BUILD) --product yolox-train
	python3 Tests/Integration/Training/faults.py
	Benchmarks/training/roadmap/try.sh
	@if command -v mpirun >/dev/null && [ -n "$(WEIGHTS_NANO)" ]; then \
	  YOLOX_MPI=1 $(BUILD) --scratch-path .build-mpi --product yolox-train && \
	  python3 Benchmarks/training/processes.py .build-mpi/release/yolox-train $(WEIGHTS_NANO); \
	else echo "two processes were not compared: needs mpirun (libopenmpi-dev) and yolox_nano.pth"; fi

MINUTES ?= 10
.PHONY: fuzz
fuzz: ## Fuzz every parser of untrusted bytes for MINUTES (10) each, or only TARGET
	@Fuzz/run.sh $(or $(TARGET),all) $(MINUTES)

.PHONY: check-deploy
check-deploy: build ## Check the Dockerfile and all files in deploy/
	@deploy/check.sh $(YOLOX)

.PHONY: image
image: ## Build the container image including WEIGHTS, with docker or buildah
	@WEIGHTS=$(or $(WEIGHTS),yolox-nano) scripts/deploy-image.sh

.PHONY: release
release: ## Build the tarball and the Debian package into dist/
	@scripts/deploy-release.sh

.PHONY: check-docs
check-docs: build ## Run the commands of the documents and check their links, options and figures
	@scripts/check-docs.py $(YOLOX)

.PHONY: clean
clean: ## Remove build products
	rm -rf .build .build-* .venv-* dist
