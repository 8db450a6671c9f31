/// "Statistics Response JSON Object" of Triton's statistics extension.
struct KServeStatistics: Encodable {
  struct Duration: Encodable {
    let count: Int
    /// The sum, in nanoseconds.
    let ns: Int

    init(_ count: Int, _ duration: Swift.Duration = .zero) {
      self.count = count
      ns = Int(duration / .nanoseconds(1))
    }
  }

  struct Stages: Encodable {
    let success: Duration
    let fail: Duration
    let queue: Duration
    let computeInput: Duration
    let computeInfer: Duration
    let computeOutput: Duration
    var cacheHit = Duration(0)
    var cacheMiss = Duration(0)
  }

  struct Model: Encodable {
    let name: String
    var version = KServeModel.version
    /// Milliseconds since 1970; 0 before the first.
    let lastInference: Int
    /// Images.
    let inferenceCount: Int
    /// Runs of the network.
    let executionCount: Int
    let inferenceStats: Stages
    var batchStats: [Duration] = []

    init(_ name: String, _ totals: ModelTotals) {
      self.name = name
      lastInference = totals.lastInference
      inferenceCount = totals.images
      executionCount = totals.batches
      let count = totals.images
      inferenceStats = Stages(
        success: Duration(count, totals.queue + totals.preparation + totals.inference + totals.postprocess),
        fail: Duration(totals.failures), queue: Duration(count, totals.queue),
        computeInput: Duration(count, totals.preparation), computeInfer: Duration(count, totals.inference),
        computeOutput: Duration(count, totals.postprocess))
    }
  }

  let modelStats: [Model]
}
