// Foundation's formatting would add 37 MB of ICU data to the static binary.

import PlatformC

/// Pads text to columns of a fixed width.
enum TextColumns {
  enum Alignment { case left, right }
}

extension String {
  /// This text padded with spaces to `width` characters; longer text stays as it is.
  func padded(to width: Int, _ alignment: TextColumns.Alignment = .left) -> String {
    let spaces = String(repeating: " ", count: max(0, width - count))
    return alignment == .left ? self + spaces : spaces + self
  }
}

extension BinaryFloatingPoint {
  /// Formats like printf's `%.<decimals>f`.
  func text(decimals: Int) -> String {
    withVaList([Int32(decimals), Double(self)]) { arguments in
      // The largest Double has 309 digits.
      var buffer = [CChar](repeating: 0, count: 320 + decimals)
      let count = vsnprintf(&buffer, buffer.count, "%.*f", arguments)
      return String(decoding: buffer.prefix(Int(count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
