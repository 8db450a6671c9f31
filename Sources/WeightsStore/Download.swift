import Subprocess

/// Downloads a file with the system's `curl`, which supports TLS, proxies and resumption, so that this binary need not.
struct Download: Sendable {
  let url: String
  let expectedBytes: Int?

  /// - Parameters:
  ///   - path: the output file; if it exists, the download resumes at its end.
  ///   - progress: called about ten times a second.
  func run(into path: String, progress: @escaping @Sendable (Int, Int?) -> Void) async throws(FetchError) {
    if let expectedBytes, fileSize(path) == expectedBytes { return }
    let arguments: Arguments = [
      "--fail", "--location", "--silent", "--show-error", "--retry", "3", "--connect-timeout", "20",
      "--continue-at", "-", "--output", path, "--", url,
    ]
    let progressTask = Task {
      while !Task.isCancelled {
        progress(fileSize(path) ?? 0, expectedBytes)
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
    defer { progressTask.cancel() }

    let (status, errorOutput): (TerminationStatus, String?)
    do {
      let result = try await Subprocess.run(
        .name("curl"), arguments: arguments, output: .discarded, error: .string(limit: 4096))
      (status, errorOutput) = (result.terminationStatus, result.standardError)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw .downloaderMissing
    } catch {
      throw .download(url: url, reason: "\(error)")
    }
    guard status.isSuccess else {
      let line = errorOutput?.split(separator: "\n").last.map(String.init) ?? "curl exited with \(status)"
      throw .download(url: url, reason: line)
    }
    progress(fileSize(path) ?? 0, expectedBytes)
  }
}
