import Synchronization

/// Whether the service accepts traffic: only after its models are loaded and before it stops.
package final class Readiness: Sendable {
  package enum Phase: Sendable { case starting, ready, stopping }

  private let value = Mutex(Phase.starting)

  package init(_ phase: Phase = .starting) { self.phase = phase }

  package var phase: Phase {
    get { value.withLock(\.self) }
    set { value.withLock { $0 = newValue } }
  }
}
