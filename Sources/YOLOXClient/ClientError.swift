import Foundation

/// An error of ``DetectionClient``.
public enum ClientError: Error, Sendable {
  /// The service, or a proxy in front of it, responded with an error status.
  case problem(Problem)
  /// No response: the connection failed or timed out. `reason` is the description of the underlying error.
  case unreachable(reason: String)
  /// The image file could not be read.
  case unreadableFile(URL, reason: String)
  /// A response with a success status whose body is not what the API specifies. The associated value describes the
  /// difference.
  case invalidResponse(String)
  /// The calling task was cancelled.
  case cancelled
}
