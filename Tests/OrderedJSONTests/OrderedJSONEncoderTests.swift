import Foundation
import OrderedJSON
import Testing

@Suite("OrderedJSONEncoder")
struct OrderedJSONEncoderTests {
  private func text(
    _ value: some Encodable, _ keyStyle: OrderedJSONEncoder.KeyStyle = .verbatim
  ) throws -> String {
    String(decoding: try OrderedJSONEncoder(keyStyle: keyStyle).encode(value), as: UTF8.self)
  }

  private struct Detection: Codable, Equatable {
    struct Box: Codable, Equatable {
      var y2 = 1.5
      var x1 = 0.25
    }

    var label = "dog"
    var classID = 16
    var box = Box()
    var note: String?
    var tags = ["z", "a"]
  }

  // MARK: Order

  @Test("members are in the order in which they are encoded, not the alphabet's")
  func order() throws {
    #expect(
      try text([Detection()])
        == #"[{"label":"dog","classID":16,"box":{"y2":1.5,"x1":0.25},"tags":["z","a"]}]"#)
  }

  @Test("members of a dictionary are sorted, so that equal values are equal bytes")
  func dictionaries() throws {
    let values = Dictionary(uniqueKeysWithValues: (0..<50).map { (String(format: "k%02d", $0), $0) })
    let expected = "{" + (0..<50).map { String(format: "\"k%02d\":%d", $0, $0) }.joined(separator: ",") + "}"
    #expect(try text(values) == expected)
    #expect(try text(["a": ["c": 1, "b": 2]]) == #"{"a":{"b":2,"c":1}}"#)
  }

  @Test("keys can be written in snake case; those of dictionaries are data")
  func snakeCase() throws {
    struct Statistics: Encodable {
      var modelName = "a"
      var inferenceURLPath = 1
      var alreadyLower = 2
      var counts = ["someClass": 3]
    }
    #expect(
      try text(Statistics(), .snakeCase)
        == #"{"model_name":"a","inference_url_path":1,"already_lower":2,"counts":{"someClass":3}}"#)
  }

  // MARK: Tokens

  @Test(
    "numbers are the shortest that read back the same",
    arguments: [
      (0.1, "0.1"), (2, "2"), (-0.0, "-0"), (1e16, "1e+16"), (5e-324, "5e-324"), (0.30000000000000004, nil),
      (.greatestFiniteMagnitude, nil), (123456.789, "123456.789"), (-1.5e-7, "-1.5e-07"),
    ] as [(Double, String?)])
  func numbers(number: Double, expected: String?) throws {
    let text = try text(number)
    if let expected { #expect(text == expected) }
    #expect(Double(text) == number)
    // Foundation's parser is the judge of whether it is JSON.
    #expect(try JSONDecoder().decode([Double].self, from: Data("[\(text)]".utf8)) == [number])
  }

  @Test("a Float has a Float's digits, and integers have all of theirs")
  func otherNumbers() throws {
    #expect(try text([Float(0.1), 0.9, 3]) == "[0.1,0.9,3]")
    #expect(try text([Int64.min, .max]) == "[-9223372036854775808,9223372036854775807]")
    #expect(try text([UInt64.max]) == "[18446744073709551615]")
    #expect(try text(true) == "true")
    #expect(try text([1, nil] as [Int?]) == "[1,null]")
  }

  @Test("numbers that JSON does not have are errors, wherever they are")
  func notFinite() {
    for number in [Double.nan, .infinity, -.infinity] {
      #expect(throws: EncodingError.self) { try text(number) }
      #expect(throws: EncodingError.self) { try text(["a": [number]]) }
      #expect(throws: EncodingError.self) { try text([Float(number)]) }
    }
  }

  @Test("strings survive, whatever is in them")
  func strings() throws {
    let all = String(String.UnicodeScalarView((0...0x2030).compactMap(Unicode.Scalar.init))) + "🐕"
    let bytes = try OrderedJSONEncoder().encode([all: all])
    #expect(try JSONDecoder().decode([String: String].self, from: Data(bytes)) == [all: all])
    #expect(try text("a\"\\/\u{8}\u{c}\n\r\t\u{1}\u{7f}é") == #""a\"\\/\b\f\n\r\t\u0001\#u{7F}é""#)
  }

  // MARK: Encoder

  @Test("containers may be filled in any order, and be asked for twice")
  func openContainers() throws {
    struct Odd: Encodable {
      enum Keys: String, CodingKey { case first, second, list, again }
      func encode(to encoder: any Encoder) throws {
        var outer = encoder.container(keyedBy: Keys.self)
        var nested = outer.nestedContainer(keyedBy: Keys.self, forKey: .first)
        var list = outer.nestedUnkeyedContainer(forKey: .list)
        var inner = list.nestedUnkeyedContainer()
        try list.encode(3)
        try inner.encode(1)
        try inner.encode("x")
        try outer.encode(false, forKey: .again)
        try nested.encode(2, forKey: .second)
        var more = encoder.container(keyedBy: Keys.self)
        try more.encode(true, forKey: .again)
        try outer.encodeNil(forKey: .second)
      }
    }
    #expect(try text(Odd()) == #"{"first":{"second":2},"list":[[1,"x"],3],"again":true,"second":null}"#)
  }

  @Test("a superclass is a member, as Codable has it")
  func superclass() throws {
    class Base: Encodable { let b = 1 }
    final class Derived: Base {
      enum Keys: CodingKey { case a }
      override func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(2, forKey: .a)
        try super.encode(to: container.superEncoder())
      }
    }
    #expect(try text(Derived()) == #"{"a":2,"super":{"b":1}}"#)
  }

  @Test("a type that encodes nothing, or itself as two kinds of value, is an error")
  func contradictions() {
    struct Nothing: Encodable { func encode(to encoder: any Encoder) throws {} }
    struct Both: Encodable {
      func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        try list.encode(1)
        var single = encoder.singleValueContainer()
        try single.encode(1)
      }
    }
    #expect(throws: EncodingError.self) { try text(Nothing()) }
    #expect(throws: EncodingError.self) { try text(Both()) }
    #expect(throws: EncodingError.self) { try text(["a": Nothing()]) }
  }

  @Test("nesting has an end")
  func nesting() throws {
    final class Nest: Encodable {
      var inner: Nest?
      func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        if let inner { try list.encode(inner) }
      }
    }
    let shallow = Nest()
    shallow.inner = Nest()
    #expect(try text(shallow) == "[[]]")
    let endless = Nest()
    endless.inner = endless
    #expect(throws: EncodingError.self) { try text(endless) }
    endless.inner = nil
  }

  @Test("what it writes, Foundation reads as the same value")
  func roundTrip() throws {
    let values = (0..<100).map {
      Detection(
        label: "l\($0)\"", classID: $0, box: .init(y2: 1 / Double($0 + 1), x1: .pi * Double($0)),
        note: $0.isMultiple(of: 2) ? nil : "n", tags: [])
    }
    let bytes = try OrderedJSONEncoder().encode(values)
    #expect(try JSONDecoder().decode([Detection].self, from: Data(bytes)) == values)
  }
}
