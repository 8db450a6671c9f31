import COpenBLAS
import Engine

/// The threads of training and a workbench of scratch memory for each.
///
/// Work is dealt out in fixed shares, so that sums are added in the same order in every run with as many threads:
/// training that is resumed repeats to the bit.
package final class Crew {
  let pool: WorkerPool
  private var scratch: [[FloatBuffer]]

  package init(threads: Int) {
    pool = WorkerPool(threads: threads)
    scratch = Array(repeating: [], count: threads)
    // Its own threads would fight with ours for the processors.
    openblas_set_num_threads(1)
  }

  package var threadCount: Int { pool.threadCount }

  /// Calls `body` with a thread's number and its share of `0 ..< count`, on every thread that has one.
  package func share(_ count: Int, _ body: (Int, Range<Int>) -> Void) {
    let threads = threadCount
    guard threads > 1, count > 1 else { return body(0, 0..<count) }
    pool.run { thread in
      let share = count * thread / threads..<count * (thread + 1) / threads
      if !share.isEmpty { body(thread, share) }
    }
  }

  /// `slot` of every thread's bench, at least `count` numbers each.
  func benches(slot: Int, count: Int) -> [UnsafeMutablePointer<Float>] {
    for thread in scratch.indices {
      while scratch[thread].count <= slot { scratch[thread].append(FloatBuffer(count: 0)) }
      if scratch[thread][slot].count < count { scratch[thread][slot] = FloatBuffer(count: count) }
    }
    return scratch.map { $0[slot].pointer }
  }
}
