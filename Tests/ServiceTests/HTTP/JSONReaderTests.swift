import Foundation
import Service
import TestSupport
import Testing

@Suite("JSONReader")
struct JSONReaderTests {
  /// The members of a document that a request's parameters may have.
  private func members(_ text: String) throws -> [String: JSONValue] { try members(Array(text.utf8)) }

  private func members(_ bytes: [UInt8]) throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    var reader = JSONReader(bytes[...])
    try reader.document { reader, name throws(Problem) in members[name] = try reader.value(maxElements: 8) }
    return members
  }

  private func number(_ text: String) throws -> Double? { try members("{\"a\":\(text)}")["a"]?.number }

  @Test("reads what Foundation reads")
  func values() throws {
    let text = #"""
       { "s" : "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀", "n":[ 0, -0.5, 1e3 , 12.25E-2],
      "b":true,"c":false, "z":null,"empty":[], "":"" }
      """#
    let foundation = try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
    #expect(try members(text) == foundation)
  }

  @Test("numbers are the nearest doubles, as Foundation's parser gives them")
  func numbers() throws {
    var generator = SplitMix64(seed: 13)
    for _ in 0..<2000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      #expect(try number("\(value)") == value)
      let short = (Double.random(in: -1000...1000, using: &generator) * 1000).rounded() / 1000
      #expect(try number("\(short)") == short)
    }
    for (text, value) in [
      ("9007199254740993", 9007199254740992.0), ("0.1", 0.1), ("1e22", 1e22), ("1e23", 1e23),
      ("123456789012345678901234567890", 123456789012345678901234567890.0), ("5e-324", 5e-324),
      ("0.000000000000000000000000000000000000001", 1e-39), ("-0", -0.0),
    ] { #expect(try number(text) == value, "\(text)") }
  }

  @Test("a query takes the numbers that JSON takes")
  func numbersInText() throws {
    for (text, value) in [
      ("0.5", 0.5), ("1e-400", 0), ("-1e-99999999999999999999", 0), ("1e-0000000000000000000001", 0.1),
      ("0.\(String(repeating: "0", count: 380))1", 0), ("5e-324", 5e-324), ("3e-324", 5e-324),
    ] {
      #expect(JSONReader.number(in: text) == value, "\(text)")
      #expect(try number(text) == value, "\(text)")
      #expect(try number("\"\(text)\"") == value, "\(text)")
    }
    for text in ["", " 1", "1 ", "+1", ".5", "5.", "0x1p-1", "inf", "nan", "1e999", "01", "1,5"] {
      #expect(JSONReader.number(in: text) == nil, "\(text)")
    }
  }

  @Test(
    "what is not JSON is rejected",
    arguments: [
      "", " ", "{", "{}}", "{} x", "[1]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":[1,]}"#,
      #"{"a":[,1]}"#, #"{"a":1 "b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":01}"#, #"{"a":+1}"#, #"{"a":.5}"#,
      #"{"a":1.}"#, #"{"a":1e}"#, #"{"a":-}"#, #"{"a":NaN}"#, #"{"a":1e999}"#, #"{"a":tru}"#, #"{"a":"x}"#,
      #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud83d"}"#, #"{"a":"\ude00x"}"#, "{\"a\":\"\n\"}",
      #"{"a":1/**/}"#, "\u{FEFF}{}", #"{"a":"\"#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
    ])
  func invalid(text: String) {
    #expect(throws: Problem.self) { try members(text) }
  }

  @Test("strings that are not UTF-8 are rejected")
  func notUTF8() {
    #expect(throws: Problem.self) { try members(Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8)) }
  }

  @Test("nesting is limited before the stack ends, also in values that are skipped")
  func nesting() {
    for (open, count) in [("[", 1_000_000), (#"{"a":"#, 200_000)] {
      var reader = JSONReader(Array((#"{"a":"# + String(repeating: open, count: count)).utf8)[...])
      #expect(throws: Problem.self) {
        try reader.document { reader, _ throws(Problem) in try reader.skip() }
      }
    }
  }

  @Test("lists and objects are limited while they are read")
  func limits() {
    #expect(throws: Problem.self) { try members(#"{"a":[1,2,3,4,5,6,7,8,9]}"#) }
    let many = (0..<1025).map { "\"\($0)\":0" }.joined(separator: ",")
    #expect(throws: Problem.self) { try members("{\(many)}") }
    #expect(throws: Problem.self) { try members("{\"a\":\(String(repeating: "1", count: 500))}") }
  }

  @Test("the cost of a value that is skipped is linear in its bytes")
  func linear() throws {
    let list = "[" + String(repeating: "0,", count: 500_000) + "0]"
    for text in ["{\"a\":\(list)}", "{\"a\":\"\(String(repeating: #"\n"#, count: 500_000))\"}"] {
      var reader = JSONReader(Array(text.utf8)[...])
      let duration = try ContinuousClock().measure {
        try reader.document { reader, _ throws(Problem) in try reader.skip() }
      }
      #expect(duration < .seconds(60))
    }
  }
}
