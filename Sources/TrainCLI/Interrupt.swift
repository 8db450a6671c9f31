import ArgumentParser
import Dispatch
import Foundation
import Synchronization
import Training

extension Trainer {
  /// Runs to the end, or until SIGINT, SIGTERM or (which mpirun hands on) SIGUSR1, on which the run is saved first.
  ///
  /// - Returns: nothing at the end; after an interrupt the exit status that shells give to it.
  func runUntilInterrupted() throws -> ExitCode? {
    let interrupt = Interrupt()
    switch try run(shouldStop: { interrupt.signal != nil }) {
    case .finished: return nil
    // Another process may have been the one that was asked.
    case .stopped: return ExitCode(128 + (interrupt.signal ?? SIGTERM))
    }
  }
}

/// Notes that the process was asked to end. Used from one thread; only the flag is shared with the handlers.
private final class Interrupt {
  private final class Flag: Sendable {
    /// 0 for none.
    let signal = Atomic<Int32>(0)
  }

  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  init() {
    let flag = self.flag
    sources = [SIGINT, SIGTERM, SIGUSR1].map { number in
      Foundation.signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { flag.signal.store(number, ordering: .relaxed) }
      source.resume()
      return source
    }
  }

  var signal: Int32? {
    let number = flag.signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
