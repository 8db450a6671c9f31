#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Numbers and columns as text. Foundation's own formatting would bring 37 MB of ICU into the static binary.

extension BinaryFloatingPoint {
  /// As printf's `%.<decimals>f`.
  func text(decimals: Int) -> String {
    withVaList([Int32(decimals), Double(self)]) { arguments in
      // The largest Double has 309 digits.
      var buffer = [CChar](repeating: 0, count: 320 + decimals)
      let count = vsnprintf(&buffer, buffer.count, "%.*f", arguments)
      return String(decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}

extension String {
  /// In a column of `width`, at its left.
  func left(_ width: Int) -> String { self + spaces(width) }

  /// In a column of `width`, at its right.
  func right(_ width: Int) -> String { spaces(width) + self }

  private func spaces(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) }
}

func writeToStandardError(_ text: String) {
  var text = text
  // What standard error does not take is lost; there is nowhere to say so.
  _ = text.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
