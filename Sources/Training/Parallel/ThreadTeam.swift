import COpenBLAS
import Engine
import Synchronization

/// The threads of training, with scratch memory for each.
///
/// Work is split into one fixed range per thread, so that sums are added in the same order in every run with the same
/// number of threads and a resumed run repeats to the bit. Which thread takes which range does not matter.
package final class ThreadTeam {
  let pool: WorkerPool
  /// The processes of the run.
  package let processes: ProcessGroup
  /// The processes whose images form one batch in batch normalisation.
  let batchNormProcesses: ProcessGroup
  private let nextRange = Atomic<Int>(0)
  private var scratchBuffers: [[FloatBuffer]]

  /// - Parameter synchronizesBatchNorm: whether batch normalisation spans the images of all `processes` (SyncBN).
  package init(threads: Int, processes: ProcessGroup = .single, synchronizesBatchNorm: Bool = true) {
    self.processes = processes
    batchNormProcesses = synchronizesBatchNorm ? processes : .single
    pool = WorkerPool(threads: threads)
    scratchBuffers = Array(repeating: [], count: threads)
    // OpenBLAS's own threads would compete with these for the processors.
    openblas_set_num_threads(1)
  }

  package var threadCount: Int { pool.threadCount }

  /// Splits `0 ..< count` into one range per thread and calls `body` with the index of each range, which also selects
  /// the scratch memory to use, and the range.
  package func parallelFor(_ count: Int, _ body: (Int, Range<Int>) -> Void) {
    let ranges = threadCount
    guard ranges > 1, count > 1 else { return body(0, 0..<count) }
    nextRange.store(0, ordering: .relaxed)
    pool.run { _ in
      while true {
        let index = nextRange.add(1, ordering: .relaxed).oldValue
        guard index < ranges else { return }
        let range = count * index / ranges..<count * (index + 1) / ranges
        if !range.isEmpty { body(index, range) }
      }
    }
  }

  /// Scratch memory `slot` of each thread, with room for at least `count` numbers.
  func scratch(slot: Int, count: Int) -> [UnsafeMutablePointer<Float>] {
    for thread in scratchBuffers.indices {
      while scratchBuffers[thread].count <= slot { scratchBuffers[thread].append(FloatBuffer(count: 0)) }
      if scratchBuffers[thread][slot].count < count {
        scratchBuffers[thread][slot] = FloatBuffer(count: count)
      }
    }
    return scratchBuffers.map { $0[slot].pointer }
  }
}
