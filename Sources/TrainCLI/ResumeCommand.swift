import ArgumentParser
import Engine
import Foundation
import Training

struct ResumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Go on with a run from its last checkpoint.")

  @OptionGroup var data: DataOptions

  @Option(help: "Folder of the run.")
  var output: String

  func run() throws {
    try resume(try RunCheckpoint.latest(in: output, report: printLine), data: data, folder: output)
  }
}

func resume(_ run: (state: RunState, tensors: Parameters), data: DataOptions, folder: String) throws {
  let options = run.state.options
  try withPeers { peers in
    let trainer = try Trainer(
      options: options,
      training: try data.training(outlines: options.copyPaste > 0, isQuiet: !peers.isFirst),
      validation: try data.validation(isQuiet: !peers.isFirst), weights: nil, folder: folder, peers: peers,
      report: printLine)
    try trainer.resume(run.state, run.tensors)
    return try trainer.runUntilInterrupted()
  }
}

/// Runs `body` with the processes that `mpirun` started, if it did, and exits with what it returns, if that is anything.
/// A fault in one of the processes ends all.
func withPeers(_ body: (ProcessGroup) throws -> ExitCode?) throws {
  let peers = try ProcessGroup.join()
  let exitCode: ExitCode?
  do {
    exitCode = try body(peers)
    peers.leave()
  } catch {
    if peers.count > 1 { FileHandle.standardError.write(Data("yolox-train: \(error)\n".utf8)) }
    peers.abandon()
    throw error
  }
  if let exitCode { throw exitCode }
}

/// At once: a run is watched through a pipe or a file as often as on a terminal.
func printLine(_ line: String) {
  print(line)
  fflush(nil)
}
