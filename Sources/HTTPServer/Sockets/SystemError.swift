import PlatformC

/// A failed system call and its error code.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  package let call: String
  package let code: Int32

  package var description: String { "\(call): \(String(cString: strerror(code)))" }

  package static func last(_ call: String) -> SystemError { SystemError(call: call, code: errno) }
}
