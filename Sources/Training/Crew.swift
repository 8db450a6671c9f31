import COpenBLAS
import Engine
import Synchronization

/// The threads of training and a workbench of scratch memory for each.
///
/// Work is cut into fixed shares, one for each thread, so that sums are added in the same order in every run with as many
/// threads: training that is resumed repeats to the bit. Which thread takes which share does not matter.
package final class Crew {
  let pool: WorkerPool
  /// The processes beside this one.
  package let peers: ProcessGroup
  /// Those whose images count as one batch in normalisation.
  let statisticsPeers: ProcessGroup
  private let nextShare = Atomic<Int>(0)
  private var scratch: [[FloatBuffer]]

  /// - Parameter synchronizesStatistics: whether normalisation takes the images of all `peers` as one batch.
  package init(threads: Int, peers: ProcessGroup = .alone, synchronizesStatistics: Bool = true) {
    self.peers = peers
    statisticsPeers = synchronizesStatistics ? peers : .alone
    pool = WorkerPool(threads: threads)
    scratch = Array(repeating: [], count: threads)
    // Its own threads would fight with ours for the processors.
    openblas_set_num_threads(1)
  }

  package var threadCount: Int { pool.threadCount }

  /// Cuts `0 ..< count` into as many shares as there are threads and calls `body` with the number of each share, which
  /// is also that of the bench to use, and the share itself.
  package func share(_ count: Int, _ body: (Int, Range<Int>) -> Void) {
    let shares = threadCount
    guard shares > 1, count > 1 else { return body(0, 0..<count) }
    nextShare.store(0, ordering: .relaxed)
    pool.run { _ in
      while true {
        let number = nextShare.add(1, ordering: .relaxed).oldValue
        guard number < shares else { return }
        let share = count * number / shares..<count * (number + 1) / shares
        if !share.isEmpty { body(number, share) }
      }
    }
  }

  /// `slot` of every share's bench, at least `count` numbers each.
  func benches(slot: Int, count: Int) -> [UnsafeMutablePointer<Float>] {
    for thread in scratch.indices {
      while scratch[thread].count <= slot { scratch[thread].append(FloatBuffer(count: 0)) }
      if scratch[thread][slot].count < count { scratch[thread][slot] = FloatBuffer(count: count) }
    }
    return scratch.map { $0[slot].pointer }
  }
}
