import Engine

extension Trainer {
  /// Computes two iterations without changing weights or files.
  ///
  /// - Returns: lines about time and memory.
  package func dryRun() throws -> [String] {
    let side = state.options.multiScale?.upperBound ?? state.options.inputSize
    let batch = try loader.batch(0, epoch: 0, side: side, isAugmented: true)
    var seconds = 0.0
    for _ in 0..<2 {
      let start = ContinuousClock.now
      // At rate 0 the optimiser changes no weight; batch statistics of this process are not saved.
      train(batch, usesL1: false, learningRate: 0)
      seconds = start.duration(to: .now).seconds
    }
    let perEpoch = seconds * Double(loader.batchesPerEpoch)
    let size = "batch of \(state.options.batchSize) at \(side) pixels"
    return [
      "an iteration (\(size)): \((seconds * 1000).rounded() / 1000) s",
      "an epoch of \(loader.batchesPerEpoch) iterations: \(Clock.text(perEpoch)), "
        + "all \(state.options.epochs): \(Clock.text(perEpoch * Double(state.options.epochs))) at most, without evaluations",
      "peak memory so far: \(ProcessMemory.peakMiB) MiB",
    ]
  }
}
