/// Reads JSON (RFC 8259) from a request's body, in one pass and with a cost linear in its bytes.
///
/// The caller asks for the values that it expects, so that nothing is decoded by trial and error, and bounds lists while
/// they are read. Nesting is bounded by ``maxDepth`` and the members of an object by ``maxMembers``. Repeated names, which
/// RFC 8259 leaves undefined, are errors.
package struct JSONReader {
  /// Each level takes a stack frame or two; threads may have only 512 kB of stack.
  package static let maxDepth = 32
  package static let maxMembers = 1024
  /// Longest number, in characters. Shortest forms of doubles have 24.
  private static let maxNumberLength = 400

  /// What kind of value comes next.
  package enum Kind: Equatable {
    case object, array, string, number, bool, null
  }

  private let bytes: [UInt8]
  private let end: Int
  private var position: Int
  private var depth = 0

  package init(_ body: ArraySlice<UInt8>) {
    bytes = Array(body)
    end = bytes.count
    position = 0
  }

  /// Bytes that have not been read.
  package var remainingCount: Int { end - position }

  // MARK: Structure

  /// Reads an object that is the whole document.
  package mutating func document(
    _ member: (inout JSONReader, String) throws(Problem) -> Void
  ) throws(Problem) {
    try object(member)
    skipSpace()
    guard position == end else { throw unexpected("the end of the JSON") }
  }

  /// Reads an object. `member` reads the value of each member.
  package mutating func object(_ member: (inout JSONReader, String) throws(Problem) -> Void) throws(Problem) {
    try open(UInt8(ascii: "{"), "an object")
    defer { depth -= 1 }
    if take(UInt8(ascii: "}")) { return }
    var names: Set<String> = []
    repeat {
      skipSpace()
      let name = try string()
      guard names.count < JSONReader.maxMembers else {
        throw .invalidBody("An object of the JSON has more than \(JSONReader.maxMembers) members.")
      }
      guard names.insert(name).inserted else {
        throw .invalidBody("The JSON has the name '\(name.excerpt)' twice in one object.")
      }
      guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
      try member(&self, name)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw unexpected("',' or '}'") }
  }

  /// Reads an array. `element` reads each element and gets its index, so that it can bound their number.
  package mutating func array(_ element: (inout JSONReader, Int) throws(Problem) -> Void) throws(Problem) {
    try open(UInt8(ascii: "["), "an array")
    defer { depth -= 1 }
    if take(UInt8(ascii: "]")) { return }
    var index = 0
    repeat {
      try element(&self, index)
      index += 1
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw unexpected("',' or ']'") }
  }

  private mutating func open(_ bracket: UInt8, _ expected: String) throws(Problem) {
    guard take(bracket) else { throw unexpected(expected) }
    guard depth < JSONReader.maxDepth else {
      throw .invalidBody("The JSON is nested deeper than \(JSONReader.maxDepth) levels.")
    }
    depth += 1
  }

  // MARK: Values

  /// The kind of the next value, judged by its first character.
  package mutating func kind() throws(Problem) -> Kind {
    skipSpace()
    guard position < end else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
    case UInt8(ascii: "n"): return .null
    default: throw unexpected("a value")
    }
  }

  /// Reads a `null` if that comes next.
  package mutating func takeNull() throws(Problem) -> Bool {
    guard try kind() == .null else { return false }
    try literal("null")
    return true
  }

  package mutating func bool() throws(Problem) -> Bool {
    guard try kind() == .bool else { throw unexpected("true or false") }
    let value = bytes[position] == UInt8(ascii: "t")
    try literal(value ? "true" : "false")
    return value
  }

  package mutating func string() throws(Problem) -> String {
    let start = position
    guard let text = String(validating: try stringBytes(), as: UTF8.self) else {
      throw .invalidBody("The string at byte \(start) of the JSON is not UTF-8.")
    }
    return text
  }

  /// Reads a string or `null`.
  package mutating func optionalString() throws(Problem) -> String? {
    try takeNull() ? nil : try string()
  }

  /// Reads a value that has no objects and no arrays of arrays.
  ///
  /// - Parameter maxElements: of an array.
  package mutating func value(maxElements: Int) throws(Problem) -> JSONValue {
    guard try kind() == .array else { return try scalar() }
    var values: [JSONValue] = []
    try array { reader, index throws(Problem) in
      guard index < maxElements else {
        throw .invalidBody("An array of the JSON has more than \(maxElements) elements.")
      }
      values.append(try reader.scalar())
    }
    return .array(values)
  }

  private mutating func scalar() throws(Problem) -> JSONValue {
    switch try kind() {
    case .string: return .string(try string())
    case .number: return .number(try number())
    case .bool: return .bool(try bool())
    case .null:
      try literal("null")
      return .null
    case .object, .array: throw unexpected("a string, a number, a Boolean or null")
    }
  }

  /// Checks and drops a value.
  package mutating func skip() throws(Problem) {
    switch try kind() {
    case .object: try object { reader, _ throws(Problem) in try reader.skip() }
    case .array: try array { reader, _ throws(Problem) in try reader.skip() }
    case .string: _ = try stringBytes()
    case .number: _ = try number()
    case .bool: _ = try bool()
    case .null: try literal("null")
    }
  }

  // MARK: Characters

  private mutating func skipSpace() {
    while position < end {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  /// Skips space, and the byte after it if that is `byte`.
  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func literal(_ text: StaticString) throws(Problem) {
    for index in 0..<text.utf8CodeUnitCount {
      guard position < end, bytes[position] == text.utf8Start[index] else {
        throw unexpected("\(text)")
      }
      position += 1
    }
  }

  package func unexpected(_ expected: String) -> Problem {
    position < end
      ? .invalidBody("Byte \(position) of the JSON is unexpected; expected \(expected).")
      : .invalidBody("The JSON ends early; expected \(expected).")
  }
}

// MARK: - Strings

extension JSONReader {
  /// Reads a string without decoding it to text: images are base64 strings, and long.
  package mutating func stringBytes() throws(Problem) -> ArraySlice<UInt8> {
    guard try kind() == .string else { throw unexpected("a string") }
    position += 1
    let start = position
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return bytes[start..<position - 1]
      case UInt8(ascii: "\\"): return try unescapedString(from: start)
      case 0..<0x20: throw .invalidBody("The JSON has a control character in a string, at byte \(position).")
      default: position += 1
      }
    }
    throw unexpected("the end of a string")
  }

  private mutating func unescapedString(from start: Int) throws(Problem) -> ArraySlice<UInt8> {
    var text = Array(bytes[start..<position])
    while position < end {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return text[...]
      case UInt8(ascii: "\\"): try appendEscape(to: &text)
      case 0..<0x20:
        throw .invalidBody("The JSON has a control character in a string, at byte \(position - 1).")
      default: text.append(byte)
      }
    }
    throw unexpected("the end of a string")
  }

  /// Decodes the rest of an escape sequence (RFC 8259, section 7).
  private mutating func appendEscape(to text: inout [UInt8]) throws(Problem) {
    guard position < end else { throw unexpected("an escape sequence") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try hexadecimalUnit()]
      if UTF16.isLeadSurrogate(units[0]) {
        guard end - position >= 2, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw unexpected("the second half of a surrogate pair") }
        position += 2
        units.append(try hexadecimalUnit())
      }
      guard let decoded = String(validating: units, as: UTF16.self) else {
        throw .invalidBody("The JSON has an escaped surrogate without its pair before byte \(position).")
      }
      text += decoded.utf8
    default:
      position -= 1
      throw unexpected("an escape sequence")
    }
  }

  private mutating func hexadecimalUnit() throws(Problem) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < end, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw unexpected("a hexadecimal digit")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}

// MARK: - Numbers

extension JSONReader {
  /// The number that `text` is as a whole, so that a query takes the same numbers as JSON; `nil` if it is none.
  package static func number(in text: some StringProtocol) -> Double? {
    guard let first = text.utf8.first, first > 0x20 else { return nil }
    var reader = JSONReader(Array(text.utf8)[...])
    guard let number = try? reader.number(), reader.remainingCount == 0 else { return nil }
    return number
  }

  /// Reads a number, correctly rounded. Numbers beyond the range of a double are errors, those too close to zero are zero.
  package mutating func number() throws(Problem) -> Double {
    guard try kind() == .number else { throw unexpected("a number") }
    let start = position
    let isNegative = takeDirectly(UInt8(ascii: "-"))
    // A decimal of up to 15 digits, scaled by a power of ten of up to 22: both are exact doubles, and so the one division or
    // multiplication rounds correctly (Clinger, How to Read Floating Point Numbers Accurately, 1990).
    var (decimal, digitCount, scale) = (0, 0, 0)
    let firstDigit = position
    try takeDigits(&decimal, &digitCount)
    guard bytes[firstDigit] != UInt8(ascii: "0") || position == firstDigit + 1 else {
      position = firstDigit + 1
      throw unexpected("no digit after a leading zero")
    }
    if takeDirectly(UInt8(ascii: ".")) {
      let point = position
      try takeDigits(&decimal, &digitCount)
      scale = point - position
    }
    if takeDirectly(UInt8(ascii: "e")) || takeDirectly(UInt8(ascii: "E")) {
      let isSmall = takeDirectly(UInt8(ascii: "-"))
      if !isSmall { _ = takeDirectly(UInt8(ascii: "+")) }
      let exponent = try takeExponent()
      scale += isSmall ? -exponent : exponent
    }
    guard position - start <= JSONReader.maxNumberLength else {
      throw .invalidBody("A number of the JSON is longer than \(JSONReader.maxNumberLength) characters.")
    }
    if digitCount <= 15, (-22...22).contains(scale) {
      let power = JSONReader.powersOfTen[abs(scale)]
      let value = scale < 0 ? Double(decimal) / power : Double(decimal) * power
      return isNegative ? -value : value
    }
    // Below half of the smallest double, 5e-324. Foundation and the C library report that as an error or as zero.
    if digitCount + scale < -323 { return isNegative ? -0.0 : 0 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text), value.isFinite else {
      throw .invalidBody("The number \(text.excerpt) of the JSON is too large.")
    }
    return value
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
  ]

  private mutating func takeDirectly(_ byte: UInt8) -> Bool {
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// Reads the digits of an exponent. Larger ones than any double has are all the same.
  private mutating func takeExponent() throws(Problem) -> Int {
    let start = position
    var exponent = 0
    while position < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      exponent = min(exponent * 10 + Int(bytes[position] - UInt8(ascii: "0")), 100_000)
      position += 1
    }
    guard position > start else { throw unexpected("a digit") }
    return exponent
  }

  /// Reads at least one digit. Further digits than fit are counted, not accumulated.
  private mutating func takeDigits(_ decimal: inout Int, _ count: inout Int) throws(Problem) {
    let start = position
    while position < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
      if count < 15 { decimal = decimal * 10 + Int(bytes[position] - UInt8(ascii: "0")) }
      count += 1
      position += 1
    }
    guard position > start else { throw unexpected("a digit") }
  }
}
