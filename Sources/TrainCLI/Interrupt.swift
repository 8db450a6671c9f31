import Dispatch
import Foundation
import Synchronization
import Training

extension Trainer {
  /// Runs to the end, or until SIGINT or SIGTERM, on which the run is saved first.
  func runUntilInterrupted() throws {
    let interrupt = Interrupt()
    try run { interrupt.hasCome }
  }
}

/// Notes that the process was asked to end. Used from one thread; only the flag is shared with the handlers.
private final class Interrupt {
  private final class Flag: Sendable {
    let isSet = Atomic<Bool>(false)
  }

  private let flag = Flag()
  private let sources: [any DispatchSourceSignal]

  init() {
    let flag = self.flag
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { flag.isSet.store(true, ordering: .relaxed) }
      source.resume()
      return source
    }
  }

  var hasCome: Bool { flag.isSet.load(ordering: .relaxed) }
}
