#if YOLOX_MPI
  import CMPI
#endif

/// Sums the gradients over all processes while the backward pass is still running: gradients of the last layers are final
/// long before those of the first.
struct GradientAllReduce {
  private let processes: ProcessGroup
  private let gradients: FloatBuffer
  private let decayedCount: Int
  /// Gradients of convolution weights from this offset on have been sent.
  private var end: Int
  /// Minimum elements in a message: few large messages are faster than many small ones.
  private static let bucket = 1 << 18

  init(_ executor: TrainingExecutor, processes: ProcessGroup) {
    self.processes = processes
    gradients = executor.gradients
    decayedCount = executor.layout.decayedCount
    end = decayedCount
  }

  #if YOLOX_MPI
    private var pending: [ym_request?] = []

    private mutating func send(_ range: Range<Int>) {
      if range.isEmpty { return }
      pending.append(ym_begin_sum(gradients.pointer + range.lowerBound, Int32(range.count)))
    }

    /// MPI makes progress only inside its calls.
    private mutating func proceed() {
      for index in pending.indices { _ = ym_test(&pending[index]) }
    }

    private mutating func wait() {
      for request in pending { ym_wait(request) }
      pending = []
    }
  #else
    private func send(_ range: Range<Int>) {}
    private func proceed() {}
    private func wait() {}
  #endif

  /// Tells that gradients of convolution weights from `offset` on are final.
  mutating func isFinal(from offset: Int) {
    guard processes.count > 1 else { return }
    if end - offset >= GradientAllReduce.bucket {
      send(offset..<end)
      end = offset
    }
    proceed()
  }

  /// Waits until all gradients are sums over the whole batch.
  mutating func finish() {
    guard processes.count > 1 else { return }
    send(0..<end)
    send(decayedCount..<gradients.count)
    wait()
  }
}
