import type { Bundle } from '../runtime/views-of-bundle.ts'
import type { LedgerEntry } from '../runtime/views-of-driving.ts'
export const explains = (_b: Bundle, _e: LedgerEntry): boolean => false
