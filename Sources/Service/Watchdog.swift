import HTTPServer

/// Tells the service manager that the service is alive, as long as its event loops are (WatchdogSec= of systemd.service).
struct Watchdog: Sendable {
  let manager: ServiceManager
  let server: Server

  /// Returns when the task is cancelled, or at once if the service manager expects nothing.
  func run() async {
    guard let interval = manager.watchdogInterval else { return }
    while !Task.isCancelled {
      if await server.isResponsive(within: interval / 2) { manager.notify(.watchdog) }
      try? await Task.sleep(for: interval / 3)
    }
  }
}
