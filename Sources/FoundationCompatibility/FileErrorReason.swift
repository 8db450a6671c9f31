import PlatformC

/// What the system says about a failed read or write of a file; Foundation's own description is a dump of the error.
package func fileErrorReason(_ error: any Error) -> String {
  let foundation = error as? CocoaError
  let code = (foundation?.underlying as? POSIXError ?? error as? POSIXError)?.code
  if let reason = code.flatMap({ systemErrorReason($0.rawValue) }) { return reason }
  guard let foundation else { return "\(error)" }
  return switch foundation.code {
  case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
  case .fileReadNoPermission, .fileWriteNoPermission: "no permission"
  case .fileWriteOutOfSpace: "no space left"
  case .fileReadTooLarge: "too large"
  default: "cannot be read or written\(code.map { " (errno \($0.rawValue))" } ?? "")"
  }
}

/// What users are told of the commonest errors of the system's calls on files; `nil` for others.
package func systemErrorReason(_ code: Int32) -> String? {
  switch code {
  case ENOENT: "no such file"
  case EACCES, EPERM: "no permission"
  case EISDIR: "is a folder"
  case ENOTDIR: "a part of the path is no folder"
  case ENOSPC: "no space left"
  case EROFS: "the file system is read-only"
  default: nil
  }
}

/// The same, and for other errors the system's own text.
package func systemErrorText(_ code: Int32) -> String {
  systemErrorReason(code) ?? String(cString: strerror(code))
}
