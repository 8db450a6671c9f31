import COCO
import Engine
import YOLOX

/// Measures weights as they will be served: through the inference engine and COCO's evaluation.
package struct Evaluation {
  package let dataset: DetectionDataset

  package init(dataset: DetectionDataset) { self.dataset = dataset }

  /// What was found in the pictures of the data set, in its order, boxes in the pictures' pixels.
  package func detections(_ weights: PretrainedWeights, pool: WorkerPool) throws -> [[Detection]] {
    var predictor = Predictor(try Model(weights), pool: pool)
    // tools/eval.py and the authors' Exp: test_conf, nmsthre.
    let options = DetectionOptions(scoreThreshold: 0.01, nmsThreshold: 0.65, maxDetections: 1000)
    return try dataset.entries.indices.map {
      predictor.detect(try dataset.picture($0), options: options)
    }
  }

  package func accumulated(_ detections: [[Detection]]) -> PrecisionRecall {
    let categoryIDs = dataset.annotations.categoryIDs
    let rows = zip(dataset.entries, detections).flatMap { entry, found in
      found.map { detection in
        let box = detection.box
        return DetectionRecord(
          imageID: entry.imageID, categoryID: categoryIDs[detection.classID],
          box: [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1].map { Double($0) },
          score: Double(detection.score))
      }
    }
    return Evaluator(annotations: dataset.annotations, results: rows).accumulated()
  }

  package func callAsFunction(_ weights: PretrainedWeights, pool: WorkerPool) throws -> Summary {
    Summary(accumulated(try detections(weights, pool: pool)))
  }
}
