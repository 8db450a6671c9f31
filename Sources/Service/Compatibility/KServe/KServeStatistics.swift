/// "Statistics Response JSON Object" of Triton's statistics extension.
struct KServeStatistics: Encodable {
  struct Duration: Encodable {
    let count: Int
    /// All of them together, in nanoseconds.
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
    /// Milliseconds since 1970; 0 if there was none.
    let lastInference: Int
    /// Pictures.
    let inferenceCount: Int
    /// Runs of the network.
    let executionCount: Int
    let inferenceStats: Stages
    var batchStats: [Duration] = []

    init(_ name: String, _ totals: ModelTotals) {
      self.name = name
      lastInference = totals.lastInference
      inferenceCount = totals.pictures
      executionCount = totals.runs
      let count = totals.pictures
      inferenceStats = Stages(
        success: Duration(count, totals.queued + totals.prepared + totals.inference + totals.postprocess),
        fail: Duration(totals.failures), queue: Duration(count, totals.queued),
        computeInput: Duration(count, totals.prepared), computeInfer: Duration(count, totals.inference),
        computeOutput: Duration(count, totals.postprocess))
    }
  }

  let modelStats: [Model]
}
