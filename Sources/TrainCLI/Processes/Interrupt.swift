import ArgumentParser
import Dispatch
import Foundation
import Synchronization
import Training

extension Trainer {
  /// Runs to the end, or until SIGINT, SIGTERM or SIGUSR1 (which mpirun forwards), when the run is saved first.
  ///
  /// - Returns: `nil` at the end; after a signal the exit status of shells, 128 plus its number.
  func runUntilInterrupted() throws -> ExitCode? {
    let interrupt = Interrupt()
    switch try run(shouldStop: { interrupt.signal != nil }) {
    case .finished: return nil
    // Another process of the group may have received the signal.
    case .stopped: return ExitCode(128 + (interrupt.signal ?? SIGTERM))
    }
  }
}

/// Records termination signals. Used from one thread; only the flag is shared with the handlers.
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
