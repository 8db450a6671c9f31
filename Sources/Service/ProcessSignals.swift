import Dispatch
import PlatformC

/// Signals sent to this process, received by Dispatch instead of their default action for as long as the value lives.
final class ProcessSignals {
  /// Numbers of the signals received.
  let stream: AsyncStream<Int32>
  private let sources: [any DispatchSourceSignal]

  init(_ numbers: [Int32]) {
    let (stream, continuation) = AsyncStream<Int32>.makeStream()
    self.stream = stream
    sources = numbers.map { number in
      #if canImport(Darwin)
        // kqueue reports signals besides their action.
        signal(number, SIG_IGN)
      #endif
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield(number) }
      source.activate()
      return source
    }
  }

  deinit { for source in sources { source.cancel() } }
}
