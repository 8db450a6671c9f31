/// One line for the user: what was wrong and what to do.
package struct CLIError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }

  /// Puts `subject`, a file or an option, in front of any error of `body`.
  static func naming<Value>(
    _ subject: String, _ body: () throws -> Value
  ) throws(CLIError) -> Value {
    do { return try body() } catch { throw CLIError("\(subject): \(error)") }
  }
}
