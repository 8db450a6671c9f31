import FoundationCompatibility

#if YOLOX_MPI
  import CMPI
#endif

/// The processes of a data-parallel run, each with its share of every batch. Without MPI there is one process.
///
/// All processes must make the same calls in the same order, each from one thread.
package struct ProcessGroup: Sendable {
  /// Index of this process, from 0.
  package let rank: Int
  package let count: Int

  package static let single = ProcessGroup(rank: 0, count: 1)

  /// Whether this is rank 0, which evaluates, writes files and reports.
  package var isMain: Bool { rank == 0 }

  /// Joins the processes that `mpirun` started. Call it once, before any other member.
  package static func join() throws(TrainingError) -> ProcessGroup {
    let isLaunched = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"].contains {
      (ProcessInfo.processInfo.environment[$0].flatMap { Int($0) } ?? 1) > 1
    }
    guard isLaunched else { return single }
    #if YOLOX_MPI
      var (rank, count): (Int32, Int32) = (0, 1)
      guard ym_start(&rank, &count) == 0 else { throw .processGroup(reason: "MPI cannot be initialised") }
      return ProcessGroup(rank: Int(rank), count: Int(count))
    #else
      throw .processGroup(reason: "started by mpirun, but built without MPI: build with YOLOX_MPI=1")
    #endif
  }

  /// Shuts MPI down. Call it when all work is done.
  package func leave() {
    #if YOLOX_MPI
      if count > 1 { ym_finish() }
    #endif
  }

  /// Ends all processes after an error in this one.
  package func abort() {
    #if YOLOX_MPI
      if count > 1 { ym_abort() }
    #endif
  }

  /// Replaces `values` in each process by the element-wise sum over all processes.
  func allReduce(_ values: inout [Double]) {
    #if YOLOX_MPI
      if count > 1 { ym_sum(&values, Int32(values.count)) }
    #endif
  }
}
