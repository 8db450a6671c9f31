#if YOLOX_MPI
  import CMPI
#endif

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The processes that train one network together, each on its share of every batch. Without MPI there is one.
///
/// All of them make the same calls in the same order, each from one thread.
package struct ProcessGroup: Sendable {
  /// Of this process, from 0.
  package let rank: Int
  package let count: Int

  package static let alone = ProcessGroup(rank: 0, count: 1)

  /// Whether this process measures, writes and reports for all.
  package var isFirst: Bool { rank == 0 }

  /// Joins the processes that `mpirun` started beside this one. To be called once, before anything else here.
  package static func join() throws(TrainingError) -> ProcessGroup {
    let isLaunched = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].contains {
      (ProcessInfo.processInfo.environment[$0].flatMap { Int($0) } ?? 1) > 1
    }
    guard isLaunched else { return alone }
    #if YOLOX_MPI
      var (rank, count): (Int32, Int32) = (0, 1)
      guard ym_start(&rank, &count) == 0 else { throw .noPeers(reason: "MPI does not start") }
      return ProcessGroup(rank: Int(rank), count: Int(count))
    #else
      throw .noPeers(reason: "this program was built without MPI; build it with YOLOX_MPI=1")
    #endif
  }

  /// To be called when all work is done.
  package func leave() {
    #if YOLOX_MPI
      if count > 1 { ym_finish() }
    #endif
  }

  /// Ends all processes after a fault in this one.
  package func abandon() {
    #if YOLOX_MPI
      if count > 1 { ym_abort() }
    #endif
  }

  /// Makes each process's `values` the sum of all processes' values.
  func sum(_ values: inout [Double]) {
    #if YOLOX_MPI
      if count > 1 { ym_sum(&values, Int32(values.count)) }
    #endif
  }
}

/// Adds up the gradients of all processes while the way back is still under way: it ends with the first layers, and
/// those of the last ones are final long before.
struct GradientAllReduce {
  private let peers: ProcessGroup
  private let gradients: FloatBuffer
  private let decayedCount: Int
  /// Convolution weights from here on are on their way.
  private var end: Int
  /// Few large messages travel faster than many small ones.
  private static let bucket = 1 << 18

  init(_ pass: TrainingExecutor, peers: ProcessGroup) {
    self.peers = peers
    gradients = pass.gradients
    decayedCount = pass.layout.decayedCount
    end = decayedCount
  }

  #if YOLOX_MPI
    private var pending: [ym_request?] = []

    private mutating func send(_ range: Range<Int>) {
      if range.isEmpty { return }
      pending.append(ym_begin_sum(gradients.pointer + range.lowerBound, Int32(range.count)))
    }

    /// MPI moves messages on while it is being called.
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

  /// The convolution weights from `offset` on have their gradients.
  mutating func isFinal(from offset: Int) {
    guard peers.count > 1 else { return }
    if end - offset >= GradientAllReduce.bucket {
      send(offset..<end)
      end = offset
    }
    proceed()
  }

  /// Returns when all gradients are those of the whole batch.
  mutating func finish() {
    guard peers.count > 1 else { return }
    send(0..<end)
    send(decayedCount..<gradients.count)
    wait()
  }
}
