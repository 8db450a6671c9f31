import Dispatch
import FoundationCompatibility
import PlatformC

/// Downloads a file with the system's `curl`, which supports TLS, proxies and resumption, so that this binary need not.
struct Download: Sendable {
  let url: String
  let expectedBytes: Int?
  /// The protocol of `url` and of every redirect.
  let scheme: String

  var curlArguments: [String] {
    [
      "--fail", "--location", "--max-redirs", "5",
      // Otherwise a redirect may lead to any protocol that curl knows, such as http.
      "--proto", "=\(scheme)", "--proto-redir", "=\(scheme)",
      "--silent", "--show-error", "--retry", "3", "--connect-timeout", "20",
    ]
  }

  /// - Parameters:
  ///   - path: the output file; if it exists, the download resumes at its end.
  ///   - progress: called about ten times a second.
  func run(into path: String, progress: @escaping @Sendable (Int, Int?) -> Void) async throws(FetchError) {
    guard url.hasPrefix("\(scheme)://") else { throw .insecureURL(url, scheme: scheme) }
    if let expectedBytes, fileSize(path) == expectedBytes { return }
    let log = path + ".log"
    defer { try? FileManager.default.removeItem(atPath: log) }
    let curl = try Download.spawn(
      ["curl"] + curlArguments + sizeLimit + [
        "--stderr", log, "--continue-at", "-", "--output", path, "--", url,
      ])
    let progressTask = Task {
      while !Task.isCancelled {
        progress(fileSize(path) ?? 0, expectedBytes)
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
    defer { progressTask.cancel() }
    let status = await Download.exitStatus(of: curl)
    guard status == 0 else {
      let line = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").last.map(
        String.init)
      throw .download(url: url, reason: line ?? "curl ended with status \(status)")
    }
    progress(fileSize(path) ?? 0, expectedBytes)
  }

  /// Starts a program that is found through PATH.
  private static func spawn(_ arguments: [String]) throws(FetchError) -> pid_t {
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    switch posix_spawnp(&process, arguments[0], nil, nil, &words, environ) {
    case 0: return process
    case ENOENT: throw .downloaderMissing
    case let code: throw .io(path: arguments[0], reason: String(cString: strerror(code)))
    }
  }

  /// Waits for the end of `process`: its exit status, or 128 and the number of the signal that ended it, as in shells.
  private static func exitStatus(of process: pid_t) async -> Int32 {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
      }
    }
  }

  /// Stops a server that announces more than the recorded size.
  private var sizeLimit: [String] {
    ["--max-filesize", String(expectedBytes ?? Download.maxUnknownSize)]
  }

  /// For weights without a recorded size: four times the largest of the published ones.
  private static let maxUnknownSize = 1600 << 20
}
