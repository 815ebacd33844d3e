/** The scenarios of the article itself, live. Those of the whole folder take longer. */
import { allScenarios } from '../services/scenario/programme.ts'
import { eachProfile, testPlayed } from './support/played.ts'

const OF_THE_ARTICLE = /^(q248839|workaround)/

testPlayed(eachProfile((await allScenarios()).filter(({ name }) => OF_THE_ARTICLE.test(name))))
