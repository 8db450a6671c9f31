import ArgumentParser
import ControlGroup
import Engine
import HTTPServer
import Imaging
import Service
import YOLOX

/// Limits of requests, batching, and the APIs to serve.
package struct RequestOptions: ParsableArguments {
  @Option(help: "Maximum request body in bytes; larger ones are rejected with 413.")
  var maxBodySize = 20 << 20

  @Option(
    help: ArgumentHelp(
      "Maximum bytes of all request bodies; beyond it, 503. Default: automatic.",
      discussion: "Automatic: 256 MB, or a sixth of the container's memory if that is less."))
  var maxBodyMemory: Int?

  @Option(
    help: ArgumentHelp(
      "Maximum pixels per image; larger ones are rejected with 413. Default: automatic.",
      discussion: "Automatic: one image takes at most half of the memory limit; 4 to 200 megapixels."))
  var maxImagePixels: Int?

  @Option(help: "Maximum width and height of an image in pixels; beyond it, 413.")
  var maxImageSide = ImageLimits.defaultSide

  @Option(help: "Maximum seconds per request; X-Request-Timeout-Ms can ask for less.")
  var requestTimeout = 10.0

  @Option(help: "Maximum images per run of the network.")
  var maxBatchSize = Batching().maxBatchSize

  @Option(help: "Maximum milliseconds to wait for a batch to fill.")
  var maxQueueDelayMs = 0.0

  @Option(
    help: ArgumentHelp(
      "Maximum images in flight; more are rejected with 503. Default: automatic.",
      discussion:
        "Automatic: as many as recent runs can answer within --request-timeout, in at most 256 MB of memory, or a sixth of the container's."
    )
  )
  var maxInFlight: Int?

  @Option(
    help: ArgumentHelp(
      "APIs of other servers to serve: all, none or a comma-separated list.", valueName: "apis"))
  var compatibility = CompatibilityOption(CompatibleAPI.allCases)

  @Option(help: "Maximum predictions per image for DeepStack's clients; Frigate takes 20.")
  var deepstackMaxPredictions = DeepStackDefaults().maxPredictions

  @Option(
    help: ArgumentHelp(
      "Labels for DeepStack's clients, such as person,car. Default: all.",
      valueName: "labels"))
  var deepstackClasses: String?

  package init() {}

  package func validate() throws {
    try requireInRange("--deepstack-max-predictions", deepstackMaxPredictions, 1...1000)
    try requirePositive([
      ("--max-body-size", maxBodySize), ("--max-batch-size", maxBatchSize),
      ("--max-in-flight", maxInFlight ?? 1), ("--max-image-pixels", maxImagePixels ?? 1),
      ("--max-image-side", maxImageSide),
    ])
    guard maxBodyMemory ?? maxBodySize >= maxBodySize else {
      throw ValidationError("--max-body-memory must be at least --max-body-size, which is \(maxBodySize)")
    }
    guard requestTimeout > 0, requestTimeout <= 86400 else {
      throw ValidationError("--request-timeout must be more than 0 and at most 86400 (a day)")
    }
    try requireInRange("--max-queue-delay-ms", maxQueueDelayMs, 0...1000)
  }

  package func apply(to configuration: inout DetectionService.Configuration) {
    configuration.server.limits.body = maxBodySize
    let budgets = MemoryBudgets(limit: ControlGroup.current.memoryLimit)
    configuration.server.maxBodyMemory = maxBodyMemory ?? max(maxBodySize, budgets.bodies)
    configuration.batching.maxPreparedBytes = budgets.images
    configuration.maxDecodingMemory = budgets.decoding
    configuration.maxResponseMemory = budgets.bodies
    configuration.imageLimits = ImageLimits(
      bytes: maxBodySize, side: maxImageSide,
      pixels: maxImagePixels ?? ImageLimits.pixels(forMemory: availableMemory()))
    configuration.requestTimeout = .seconds(requestTimeout)
    configuration.batching.maxBatchSize = maxBatchSize
    configuration.batching.maxQueueDelay = .seconds(maxQueueDelayMs / 1000)
    configuration.batching.queueLimit = maxInFlight
    configuration.compatibility = compatibility.apis
    configuration.deepStack.maxPredictions = deepstackMaxPredictions
    configuration.deepStack.classes = deepstackClasses.map(Model.classNames) ?? []
  }
}
