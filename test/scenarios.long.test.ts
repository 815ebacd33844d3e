/** Every scenario of the folder, live. */
import { allScenarios } from '../services/scenario/programme.ts'
import { eachProfile, testPlayed } from './support/played.ts'

testPlayed(eachProfile(await allScenarios()))
