import HTTPServer

/// Tells the service manager that the service is alive, as long as its event loops are (WatchdogSec= of systemd.service).
package struct Watchdog: Sendable {
  private let manager: ServiceManager
  private let server: Server

  package init(manager: ServiceManager, server: Server) { (self.manager, self.server) = (manager, server) }

  /// Returns when the task is cancelled, or at once if the service manager expects nothing.
  package func run() async {
    guard let interval = manager.watchdogInterval else { return }
    while !Task.isCancelled {
      if await server.isResponsive(within: interval / 2) { manager.notify(.watchdog) }
      try? await Task.sleep(for: interval / 3)
    }
  }
}
