import Engine
import TestSupport
import Testing
import YOLOX

@Suite("PrecisionChoice", .computing)
struct PrecisionChoiceTests {
  private func choice(
    _ averagePrecision: [Precision: Double], fast: Set<Precision> = [.float32, .bfloat16, .int8]
  ) -> PrecisionChoice {
    PrecisionChoice(averagePrecision: averagePrecision) { fast.contains($0) }
  }

  @Test("int8 if its measured loss is at most 0.2 points")
  func int8() {
    for (ap, precision) in [
      (0.3112, Precision.int8), (0.3130, .int8), (0.3093, .int8), (0.3091, .bfloat16), (0.2, .bfloat16),
    ] {
      #expect(choice([.float32: 0.3112, .bfloat16: 0.3110, .int8: ap]).precision == precision, "\(ap)")
    }
  }

  @Test("a measurement overrides the usual loss, and int8 without a measurement is not used")
  func measured() {
    #expect(choice([:]).precision == .bfloat16)
    #expect("\(choice([:]))".contains("0.00 points of AP (usual, not measured with these weights)"))
    #expect(choice([:]).rejected == [.unmeasured(.int8)])
    #expect(choice([.int8: 0.3]).precision == .bfloat16, "without float32's, a measurement says nothing")
    #expect(choice([.float32: 0.4, .bfloat16: 0.39]).precision == .float32)
  }

  @Test("a precision without fast instructions is not used, with the reason")
  func processors() {
    let measured: [Precision: Double] = [.float32: 0.4, .bfloat16: 0.4, .int8: 0.3]
    #expect(choice(measured, fast: [.float32]).precision == .float32)
    #expect(choice(measured, fast: [.float32]).rejected == [.slow(.int8), .slow(.bfloat16)])
    #expect(choice([.float32: 0.4, .int8: 0.399], fast: [.float32, .int8]).precision == .int8)
    #expect(
      "\(choice(measured))"
        == "precision bf16, which loses 0.00 points of AP (measured with these weights); int8 loses 10.00 points of AP"
    )
  }
}
