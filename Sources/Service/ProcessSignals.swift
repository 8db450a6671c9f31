import Dispatch
import PlatformC

/// Receives signals sent to this process through Dispatch, instead of their default action, while `body` runs.
///
/// All signals from the first line of `body` on are received.
///
/// - Parameter body: gets the numbers of the signals in the order of their arrival.
func withProcessSignals<Result>(
  _ numbers: [Int32], isolation: isolated (any Actor)? = #isolation,
  _ body: (AsyncStream<Int32>) async throws -> Result
) async rethrows -> Result {
  let (stream, continuation) = AsyncStream<Int32>.makeStream()
  let sources = numbers.map { number in
    #if canImport(Darwin)
      // kqueue reports signals besides their action.
      signal(number, SIG_IGN)
    #endif
    let source = DispatchSource.makeSignalSource(signal: number)
    source.setEventHandler { continuation.yield(number) }
    return source
  }
  // Dispatch registers a source on a thread of its own. Until then a signal has its old action.
  for source in sources {
    await withCheckedContinuation { registration in
      source.setRegistrationHandler { registration.resume() }
      source.activate()
    }
  }
  defer { for source in sources { source.cancel() } }
  return try await body(stream)
}
