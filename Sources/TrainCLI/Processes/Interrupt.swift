import ArgumentParser
import Dispatch
import Foundation
import Synchronization
import Training

extension Trainer {
  /// Runs to the end, or until SIGINT, SIGTERM, SIGHUP or SIGUSR1 (which mpirun forwards), when the run is saved first. A
  /// second signal also ends a running evaluation.
  ///
  /// - Returns: `nil` at the end; after a signal the exit status of shells, 128 plus its number.
  func runUntilInterrupted() throws -> ExitCode? {
    let interrupt = Interrupt()
    switch try run(
      shouldStop: { interrupt.signal != nil }, shouldAbort: { interrupt.count > 1 })
    {
    case .finished: return nil
    // Another process of the group may have received the signal.
    case .stopped: return ExitCode(128 + (interrupt.signal ?? SIGTERM))
    }
  }
}

/// Records termination signals. Used from one thread; only the record is shared with the handlers.
private final class Interrupt {
  private final class Record: Sendable {
    /// 0 for none.
    let signal = Atomic<Int32>(0)
    let count = Atomic<Int>(0)
  }

  private let record = Record()
  private let sources: [any DispatchSourceSignal]

  init() {
    let record = self.record
    sources = [SIGINT, SIGTERM, SIGHUP, SIGUSR1].compactMap { number in
      let earlier = Foundation.signal(number, SIG_IGN)
      // nohup ignores SIGHUP so that the run goes on.
      if number == SIGHUP, Interrupt.isIgnored(earlier) { return nil }
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        record.signal.store(number, ordering: .relaxed)
        record.count.add(1, ordering: .relaxed)
        if number == SIGINT {
          FileHandle.standardError.write(
            Data("stopping after this iteration; again to leave an evaluation\n".utf8))
        }
      }
      source.resume()
      return source
    }
  }

  private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  var signal: Int32? {
    let number = record.signal.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  var count: Int { record.count.load(ordering: .relaxed) }
}
