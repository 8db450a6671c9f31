import ArgumentParser
import Foundation
import Training

/// Runs `body` with the process group that `mpirun` started, or a single process, and exits with the returned status if any.
/// An error in one process ends all.
func withProcessGroup(_ body: (ProcessGroup) throws -> ExitCode?) throws {
  let processes = try ProcessGroup.join()
  let exitCode: ExitCode?
  do {
    exitCode = try body(processes)
    processes.leave()
  } catch {
    if processes.count > 1 { FileHandle.standardError.write(Data("yolox-train: \(error)\n".utf8)) }
    processes.abort()
    throw error
  }
  if let exitCode { throw exitCode }
}

/// Prints and flushes, so that lines appear at once in a pipe or file.
func printLine(_ line: String) {
  print(line)
  fflush(nil)
}
