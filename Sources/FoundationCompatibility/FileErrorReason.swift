import PlatformC

/// What the system says about a failed read or write of a file; Foundation's own description is a dump of the error.
package func fileErrorReason(_ error: any Error) -> String {
  let foundation = error as? CocoaError
  let code = (foundation?.underlying as? POSIXError ?? error as? POSIXError)?.code
  switch code {
  case .ENOENT: return "no such file"
  case .EACCES, .EPERM: return "no permission"
  case .EISDIR: return "is a folder"
  case .ENOTDIR: return "a part of the path is no folder"
  case .ENOSPC: return "no space left"
  case .EROFS: return "the file system is read-only"
  default: break
  }
  guard let foundation else { return "\(error)" }
  return switch foundation.code {
  case .fileReadNoSuchFile, .fileNoSuchFile: "no such file"
  case .fileReadNoPermission, .fileWriteNoPermission: "no permission"
  case .fileWriteOutOfSpace: "no space left"
  case .fileReadTooLarge: "too large"
  default: "cannot be read or written\(code.map { " (errno \($0.rawValue))" } ?? "")"
  }
}
