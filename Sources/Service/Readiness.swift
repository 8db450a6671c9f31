import Synchronization

/// Whether the service wants requests: not before its models are loaded, nor while it stops.
package final class Readiness: Sendable {
  package enum Phase: Sendable { case starting, ready, stopping }

  private let value = Mutex(Phase.starting)

  package init(_ phase: Phase = .starting) { self.phase = phase }

  package var phase: Phase {
    get { value.withLock(\.self) }
    set { value.withLock { $0 = newValue } }
  }
}
