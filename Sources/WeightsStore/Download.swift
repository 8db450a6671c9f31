import Subprocess

/// One file over HTTP by the system's `curl`, which brings TLS, proxies and resumption with it and keeps all three out
/// of this binary.
struct Download: Sendable {
  let url: String
  let expectedBytes: Int?

  /// - Parameters:
  ///   - path: where the bytes go; what is already there is taken as the file's beginning.
  ///   - progress: called about ten times a second.
  func run(into path: String, progress: @escaping @Sendable (Int, Int?) -> Void) async throws(FetchError) {
    if let expectedBytes, fileSize(path) == expectedBytes { return }
    let arguments: Arguments = [
      "--fail", "--location", "--silent", "--show-error", "--retry", "3", "--connect-timeout", "20",
      "--continue-at", "-", "--output", path, "--", url,
    ]
    let watcher = Task {
      while !Task.isCancelled {
        progress(fileSize(path) ?? 0, expectedBytes)
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
    defer { watcher.cancel() }

    let (status, complaint): (TerminationStatus, String?)
    do {
      let result = try await Subprocess.run(
        .name("curl"), arguments: arguments, output: .discarded, error: .string(limit: 4096))
      (status, complaint) = (result.terminationStatus, result.standardError)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw .downloaderMissing
    } catch {
      throw .download(url: url, reason: "\(error)")
    }
    guard status.isSuccess else {
      let line = complaint?.split(separator: "\n").last.map(String.init) ?? "curl ended with \(status)"
      throw .download(url: url, reason: line)
    }
    progress(fileSize(path) ?? 0, expectedBytes)
  }
}
